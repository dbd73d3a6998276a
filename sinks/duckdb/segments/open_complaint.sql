-- owner: Customer service
-- description: Wait for an answer to a complaint. Never advertise to them: destinations leave them out by themselves.
-- refresh: live
SELECT customer_id, open_complaints
FROM customers
WHERE open_complaints > 0
