-- The latest word of each kind about a contact point and a purpose, in the events at hand. Giving takes a
-- source that is trusted (1 or more): a browser's claim is kept, as unproven. Withdrawing takes anybody.
CREATE OR REPLACE TEMP TABLE consent_state AS
SELECT
    name.node,
    fact.purpose,
    CASE WHEN fact.strength = 0 AND fact.status <> 'withdrawn' THEN 'unproven' ELSE fact.status END AS status,
    max({
        'occurred_at': event.occurred_at,
        'event_type': event.event_type,
        'event_id': event.event_id
    }) AS word
FROM consent_fact AS fact
JOIN batch_event AS event USING (landed_seq)
JOIN contact USING (landed_seq, field)
JOIN named_node AS name ON name.row = contact.node
WHERE name.blocked IS NULL
GROUP BY ALL;
