-- How many records were rejected, by topic and reason.
SELECT topic, reason, count(*) AS rejects FROM ops.rejected GROUP BY topic, reason ORDER BY topic, reason
