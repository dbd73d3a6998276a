-- Events of the batch whose key was seen before or comes twice. The hash only narrows: the contest decides
-- by the key itself.
CREATE OR REPLACE TEMP TABLE contested AS
WITH met AS (
    SELECT key_hash FROM batch_event GROUP BY key_hash HAVING count(*) > 1
    UNION
    SELECT known.key_hash FROM ops.event AS known SEMI JOIN batch_event USING (key_hash)
)
SELECT landed_seq, event_type, event_id FROM batch_event SEMI JOIN met USING (key_hash);
