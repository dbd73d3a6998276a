-- owner: Customer service
-- description: Sent goods back from half of their orders or more, of three at least.
-- refresh: live
SELECT customer_id, orders, returns
FROM customers
WHERE orders >= 3 AND returns * 2 >= orders
