-- The customers whose events name an identifier ($node), and how many events do; null for events of nobody.
SELECT owner.customer AS customer_id, count(*) AS events
FROM ops.event AS event
LEFT JOIN identity.node AS owner USING (node)
WHERE list_contains(event.nodes, $node::UUID) AND NOT starts_with(event.event_type, 'own/rundum/')
GROUP BY owner.customer
ORDER BY events DESC, customer_id
