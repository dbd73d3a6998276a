-- The latest word of people about blocking an identifier ($node).
SELECT word.blocked, said.reason, said.actor, said.occurred_at, said.event_id
FROM identity.block AS word
JOIN own_rundum.identifier_blocked AS said ON said.event_id = word.event_id
WHERE word.node = $node
