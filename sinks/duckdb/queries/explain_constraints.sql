-- What people have decided about a customer's ($customer) identifiers: the word that holds for each pair, the
-- stronger kind first.
WITH pair AS (
    SELECT
        link.*,
        theirs_kind.rank < mine_kind.rank AS swap
    FROM identity.constraint AS link
    JOIN identity.identifier AS mine ON mine.node = link.a
    JOIN identity.identifier AS theirs ON theirs.node = link.b
    JOIN identity.kind AS mine_kind ON mine_kind.kind = mine.kind
    JOIN identity.kind AS theirs_kind ON theirs_kind.kind = theirs.kind
)
SELECT
    one.kind AS kind_a, one.value AS value_a, other.kind AS kind_b, other.value AS value_b, pair.verdict,
    pair.outcome, said.reason, said.actor, said.occurred_at, said.event_id, mine.customer AS customer_a,
    theirs.customer AS customer_b, one.node AS node_a, other.node AS node_b
FROM pair
JOIN own_rundum.identity_constrained AS said ON said.event_id = pair.event_id
JOIN identity.identifier AS one ON one.node = if(pair.swap, pair.b, pair.a)
JOIN identity.identifier AS other ON other.node = if(pair.swap, pair.a, pair.b)
LEFT JOIN identity.node AS mine ON mine.node = one.node
LEFT JOIN identity.node AS theirs ON theirs.node = other.node
WHERE mine.customer = $customer OR theirs.customer = $customer
ORDER BY said.occurred_at, said.event_id
