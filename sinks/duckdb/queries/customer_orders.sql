-- The orders of one customer ($customer) with their whole life, the newest first.
SELECT * EXCLUDE (customer_id) FROM orders WHERE customer_id = $customer ORDER BY placed_at DESC, order_id
