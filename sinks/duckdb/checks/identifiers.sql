-- Every identifier has its text, and every node is one that may join.
SELECT 'identifier ' || node || ' is named by events and has no text' AS what
FROM (SELECT DISTINCT unnest(nodes) AS node FROM ops.event)
ANTI JOIN identity.identifier USING (node)
UNION ALL
SELECT 'node ' || node.node || ' is no identifier that may join'
FROM identity.node AS node
LEFT JOIN identity.identifier AS text USING (node)
WHERE text.node IS NULL OR text.blocked IS NOT NULL OR text.kind <> node.kind
UNION ALL
SELECT 'identifier ' || node || ' has ' || count(*) || ' texts'
FROM identity.identifier
GROUP BY node
HAVING count(*) > 1
UNION ALL
SELECT 'node ' || node || ' is there ' || count(*) || ' times'
FROM identity.node
GROUP BY node
HAVING count(*) > 1
