-- Every edge leads from node to node, and those that join do join.
WITH link AS (
    SELECT a, b, outcome IN ('joined', 'within') AS joins, 'edge ' || a || ' - ' || b AS what
    FROM identity.edge
    UNION ALL
    SELECT a, b, outcome IN ('joined', 'within'), 'constraint ' || a || ' - ' || b
    FROM identity.constraint
    WHERE outcome <> 'absent'
)
SELECT
    link.what
    || CASE
        WHEN one.node IS NULL OR other.node IS NULL THEN ' has a node that is not known'
        ELSE ' joins, yet its ends are two customers'
    END AS what
FROM link
LEFT JOIN identity.node AS one ON one.node = link.a
LEFT JOIN identity.node AS other ON other.node = link.b
WHERE one.node IS NULL OR other.node IS NULL OR (link.joins AND one.customer <> other.customer)
