-- How many events of each type there are, and when the last one landed.
SELECT event_type, count(*) AS events, max(landed_at) AS landed_at FROM ops.event GROUP BY event_type ORDER BY event_type
