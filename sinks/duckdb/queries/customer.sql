-- The head of the 360° view of one customer ($customer).
SELECT
    customer_id, kind, first_name, last_name, email, phone, city, country, first_seen_at, last_seen_at, events,
    orders, revenue_net, currency, revenue_by_currency, first_order_at, last_order_at, returns, open_complaints
FROM customers
WHERE customer_id = $customer
