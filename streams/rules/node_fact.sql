-- What the events at hand say of each node: when it was named, and how many events hang on it.
CREATE OR REPLACE TEMP TABLE node_fact AS
SELECT
    name.node,
    name.kind,
    fact.first_seen,
    fact.last_seen,
    fact.events
FROM (
    SELECT
        node,
        min(occurred_at) AS first_seen,
        max(occurred_at) AS last_seen,
        count(*) FILTER (anchor = node) AS events
    FROM mention
    WHERE role < 2
    GROUP BY node
) AS fact
JOIN named_node AS name ON name.row = fact.node
WHERE name.blocked IS NULL;
