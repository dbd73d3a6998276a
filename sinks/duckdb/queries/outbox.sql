-- The oldest changes ($limit at most) that nobody has taken.
SELECT outbox_id, landed_at, customer_id::VARCHAR, now_id::VARCHAR FROM ops.outbox ORDER BY outbox_id LIMIT $limit
