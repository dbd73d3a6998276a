-- Whose a node is now stands in the history of assignments, once.
SELECT 'node ' || coalesce(node.node, known.node) || CASE
    WHEN node.node IS NULL THEN ' holds in the history, yet is not known'
    WHEN known.node IS NULL THEN ' is missing in the history'
    ELSE ' is another''s in the history'
END AS what
FROM identity.node AS node
FULL JOIN (SELECT node, customer FROM identity.assignment WHERE known_to IS NULL) AS known USING (node)
WHERE known.customer IS DISTINCT FROM node.customer
