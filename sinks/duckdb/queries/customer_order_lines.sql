-- The articles of one customer's ($customer) orders.
SELECT * EXCLUDE (customer_id) FROM order_lines WHERE customer_id = $customer ORDER BY order_id, line_id
