-- Every identifier of the customers at hand, and every id that was ever given out for them.
SELECT name.kind, name.value, known.customer::VARCHAR
FROM identity.node AS known
JOIN {store}.identity.identifier AS name USING (node)
UNION ALL
SELECT 'customer_id', node::VARCHAR, customer::VARCHAR FROM identity.node;
