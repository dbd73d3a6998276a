-- Nothing is there twice: no event, no number, no word of history that holds.
WITH twice AS (
    SELECT key_hash FROM ops.event GROUP BY key_hash HAVING count(*) > 1
)
SELECT event_type || ' ' || event_id || ' is there ' || count(*) || ' times' AS what
FROM ops.event
SEMI JOIN twice USING (key_hash)
GROUP BY event_type, event_id
HAVING count(*) > 1
UNION ALL
SELECT 'number ' || landed_seq || ' stands on ' || count(*) || ' events'
FROM ops.event
GROUP BY landed_seq
HAVING count(*) > 1
UNION ALL
SELECT 'node ' || node || ' holds ' || count(*) || ' times in the history of assignments'
FROM identity.assignment
WHERE known_to IS NULL
GROUP BY node
HAVING count(*) > 1
