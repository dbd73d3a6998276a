-- The finished profiles of the customers at hand.
SELECT customer_id::VARCHAR, to_json(customers)::VARCHAR FROM customers;
