-- Which identifiers people have blocked: the latest word about each. What changed becomes suspect.
CREATE OR REPLACE TEMP TABLE block_next AS
SELECT
    event.nodes[1] AS node,
    max({'occurred_at': event.occurred_at, 'event_id': event.event_id, 'blocked': said.blocked}) AS word
FROM own_rundum.identifier_blocked AS said
JOIN ops.event AS event USING (landed_seq)
GROUP BY event.nodes[1];

INSERT INTO suspect
SELECT coalesce(next.node, known.node)
FROM block_next AS next
FULL JOIN identity.block AS known ON known.node = next.node
WHERE coalesce(next.word.blocked, false) <> coalesce(known.blocked, false);

DELETE FROM identity.block;

INSERT INTO identity.block BY NAME
SELECT node, word.blocked AS blocked, word.occurred_at AS occurred_at, word.event_id AS event_id
FROM block_next;
