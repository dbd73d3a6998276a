-- The latest word of people about two identifiers ($a and $b), and what came of it.
SELECT link.verdict, link.outcome, said.reason, said.actor, said.occurred_at, said.event_id
FROM identity.constraint AS link
JOIN own_rundum.identity_constrained AS said ON said.event_id = link.event_id
WHERE link.a = least($a::UUID, $b::UUID) AND link.b = greatest($a::UUID, $b::UUID)
