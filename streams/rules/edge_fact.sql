-- Which pairs of nodes the events at hand name together: each event joins its anchor to every other id.
CREATE OR REPLACE TEMP TABLE edge_fact AS
SELECT
    least(one.node, other.node) AS a,
    greatest(one.node, other.node) AS b,
    min(fact.first_seen) AS first_seen,
    max(fact.strength) AS strength
FROM (
    SELECT
        anchor,
        node,
        min(occurred_at) AS first_seen,
        max(edge_strength) AS strength
    FROM mention
    WHERE joins
    GROUP BY anchor, node
) AS fact
JOIN named_node AS one ON one.row = fact.anchor
JOIN named_node AS other ON other.row = fact.node
GROUP BY ALL;
