-- The identifier behind a node id ($node), and the customer that the id stands for now; null where it is blocked.
SELECT text.node, text.kind, text.value, text.blocked, owner.customer AS customer_id
FROM identity.identifier AS text
LEFT JOIN identity.node AS owner USING (node)
WHERE text.node = $node
