-- The memberships of some customers ($customers).
SELECT segment, customer_id::VARCHAR, strftime(since, '%Y-%m-%dT%H:%M:%SZ'), reason
FROM {store}.segment.membership
WHERE until IS NULL AND customer_id IN (SELECT unnest($customers::UUID[]));
