-- The open rejects of every source by reason, the most frequent first. A reject of no known event type counts
-- for the source whose topic it came by.
SELECT
    coalesce(
        regexp_extract(reject.event_type, '^(.*)/[^/]*$', 1),
        (SELECT min(source.source) FROM ops.source AS source WHERE source.topic = reject.topic),
        reject.topic
    ) AS source,
    reject.reason,
    count(*) AS open
FROM ops.rejected AS reject
ANTI JOIN own_rundum.rejected_corrected AS sent ON
    sent.rejected_log = reject.log_id AND sent.rejected_topic = reject.topic
    AND sent.rejected_partition = reject.partition AND sent.rejected_offset = reject."offset"
GROUP BY ALL
ORDER BY open DESC, source, reject.reason
