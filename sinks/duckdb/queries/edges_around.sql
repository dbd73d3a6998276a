-- The edges of some identifiers ($nodes), of their customers, and of the customers next to those: what a decision
-- about the identifiers can change. The stronger kind first.
WITH meant AS (
    SELECT unnest($nodes::UUID[]) AS node
),
mine AS (
    SELECT node FROM identity.node WHERE customer IN (SELECT customer FROM meant JOIN identity.node USING (node))
    UNION
    SELECT node FROM meant
),
near AS (
    SELECT unnest([a, b]) AS node FROM identity.edge WHERE a IN (FROM mine) OR b IN (FROM mine)
    UNION
    FROM mine
),
around AS (
    SELECT node FROM identity.node WHERE customer IN (SELECT customer FROM near JOIN identity.node USING (node))
    UNION
    FROM near
)
SELECT
    one.node AS node_a, one.kind AS kind_a, one.value AS value_a, other.node AS node_b, other.kind AS kind_b,
    other.value AS value_b, edge.outcome
FROM identity.edge AS edge
JOIN identity.identifier AS one ON one.node IN (edge.a, edge.b)
JOIN identity.kind AS one_kind ON one_kind.kind = one.kind
JOIN identity.identifier AS other ON other.node IN (edge.a, edge.b)
JOIN identity.kind AS other_kind ON other_kind.kind = other.kind
WHERE
    (edge.a IN (FROM around) OR edge.b IN (FROM around))
    AND (one_kind.rank, one.value) < (other_kind.rank, other.value)
ORDER BY one_kind.rank, one.value, other_kind.rank, other.value
