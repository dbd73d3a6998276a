-- Every node belongs to a customer that is a node itself.
SELECT 'node ' || node.node || ' belongs to customer ' || node.customer || ', which is none' AS what
FROM identity.node AS node
LEFT JOIN identity.node AS head ON head.node = node.customer
WHERE head.node IS NULL OR head.customer <> head.node OR head.component <> node.component
