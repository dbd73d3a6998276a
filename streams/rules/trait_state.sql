-- Of the traits said by the events at hand, the latest of each node, trait, source and strength: time, then
-- the source's own order, then the event's key, then the value. `earliest` traits take the first instead.
CREATE OR REPLACE TEMP TABLE trait_state AS
WITH said AS (
    SELECT
        event.node,
        fact.trait,
        fact.earliest,
        fact.strength,
        regexp_extract(event.event_type, '^(.*)/[^/]*$', 1) AS source,
        {
            'occurred_at': event.occurred_at,
            'sequence': fact.sequence,
            'event_type': event.event_type,
            'event_id': event.event_id,
            'value': fact.value
        } AS word
    FROM trait_fact AS fact
    JOIN batch_event AS event USING (landed_seq)
    WHERE event.node IS NOT NULL
)
SELECT
    node,
    trait,
    source,
    strength,
    earliest,
    CASE WHEN earliest THEN min(word) ELSE max(word) END AS word
FROM said
GROUP BY node, trait, source, strength, earliest;
