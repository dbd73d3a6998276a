-- Why an identifier ($node) joins nobody: the rule, or the decision of people that holds.
SELECT text.kind, text.value, text.blocked, said.reason, said.actor, said.occurred_at AS decided_at, said.event_id
FROM identity.identifier AS text
LEFT JOIN identity.block AS word USING (node)
LEFT JOIN own_rundum.identifier_blocked AS said ON said.event_id = word.event_id AND word.blocked
WHERE text.node = $node
