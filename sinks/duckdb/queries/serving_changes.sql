-- Changes of memberships after number $last, in their order.
SELECT change_id, segment, customer_id::VARCHAR, entered, strftime(changed_at, '%Y-%m-%dT%H:%M:%SZ'), reason
FROM {store}.segment.change
WHERE change_id > $last
ORDER BY change_id;
