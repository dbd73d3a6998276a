-- A line about each of some customers ($customers).
SELECT customer_id, kind, first_name, last_name, email, phone, city, orders, revenue_net, currency, last_seen_at
FROM customers
WHERE customer_id IN (SELECT unnest($customers::UUID[]))
ORDER BY last_seen_at DESC, customer_id
