-- What people have decided about a customer's ($customer) identifiers: the word that holds for each pair.
SELECT
    one.kind AS kind_a, one.value AS value_a, other.kind AS kind_b, other.value AS value_b, link.verdict,
    link.outcome, said.reason, said.actor, said.occurred_at, said.event_id, mine.customer AS customer_a,
    theirs.customer AS customer_b, link.a AS node_a, link.b AS node_b
FROM identity.constraint AS link
JOIN own_rundum.identity_constrained AS said ON said.event_id = link.event_id
JOIN identity.identifier AS one ON one.node = link.a
JOIN identity.identifier AS other ON other.node = link.b
LEFT JOIN identity.node AS mine ON mine.node = link.a
LEFT JOIN identity.node AS theirs ON theirs.node = link.b
WHERE mine.customer = $customer OR theirs.customer = $customer
ORDER BY said.occurred_at, said.event_id
