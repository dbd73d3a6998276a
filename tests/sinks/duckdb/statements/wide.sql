-- Definitions that cannot be live, each with a part of the reason.

-- limit: LIMIT
SELECT customer_id FROM customers ORDER BY orders DESC LIMIT 10
;;

-- limit percent: LIMIT
SELECT customer_id FROM customers LIMIT 10%
;;

-- offset: LIMIT
SELECT customer_id FROM customers OFFSET 3
;;

-- limit in a cte: LIMIT
WITH x AS (FROM customers LIMIT 3) FROM x
;;

-- limit of a union: LIMIT
(FROM orders) UNION ALL (FROM orders) LIMIT 3
;;

-- distinct on: DISTINCT ON
SELECT DISTINCT ON (country) customer_id FROM customers
;;

-- distinct without: DISTINCT
WITH x AS (SELECT DISTINCT country FROM customers) SELECT customer_id FROM customers, x
;;

-- window: ntile() OVER
SELECT customer_id, ntile(5) OVER (ORDER BY orders) FROM customers
;;

-- window by another: rank() OVER
SELECT customer_id FROM customers QUALIFY rank() OVER (PARTITION BY country ORDER BY orders) = 1
;;

-- window of a tautology: count() OVER
SELECT customer_id, count(*) OVER () AS n FROM customers c WHERE c.customer_id = c.customer_id
;;

-- window of an alias: OVER
SELECT c.customer_id, row_number() OVER (PARTITION BY k) FROM (SELECT customer_id, country AS k FROM
customers) c
;;

-- aggregate: max()
SELECT max(customer_id) AS customer_id FROM customers
;;

-- aggregate macro: geomean()
SELECT customer_id, geomean(orders) FROM customers GROUP BY ROLLUP (customer_id)
;;

-- aggregate with unnest: adds up
SELECT count(*) AS customer_id FROM customers, unnest([1])
;;

-- having: adds up
SELECT country AS customer_id FROM customers GROUP BY country HAVING count(*) > 2
;;

-- having alone: adds up
SELECT 1 AS customer_id FROM customers HAVING true
;;

-- group by all: adds up
SELECT country, max(customer_id) AS customer_id FROM customers GROUP BY ALL
;;

-- rollup: adds up
SELECT customer_id, count(*) AS n FROM orders GROUP BY ROLLUP (customer_id)
;;

-- cube: adds up
SELECT customer_id FROM orders GROUP BY CUBE (customer_id, currency)
;;

-- grouping sets: adds up
SELECT customer_id FROM orders GROUP BY GROUPING SETS ((customer_id), (currency))
;;

-- outer group: adds up
WITH x AS (SELECT o.customer_id AS k, count(*) AS n FROM customers c LEFT JOIN orders o USING
(customer_id) GROUP BY o.customer_id) SELECT c.customer_id FROM customers c, x
;;

-- group of a mask: adds up
WITH x AS (SELECT country AS customer_id FROM customers) SELECT customer_id, count(*) AS n FROM x
GROUP BY customer_id
;;

-- self join: joins customers
SELECT a.customer_id FROM customers a JOIN customers b ON a.city = b.city
;;

-- cross join: joins customers
SELECT a.customer_id FROM customers a, customers b
;;

-- cross join, unnest: joins customers
SELECT a.customer_id, b.email FROM customers a, customers b, unnest([1])
;;

-- join of a tautology: joins customers
SELECT a.customer_id FROM customers a, customers b WHERE a.customer_id = a.customer_id
;;

-- join by or: joins customers
SELECT a.customer_id FROM customers a JOIN customers b ON a.customer_id = b.customer_id OR a.orders
= 2
;;

-- join by not: joins customers
SELECT a.customer_id FROM customers a, customers b WHERE NOT (a.customer_id = b.customer_id)
;;

-- join said, not done: joins customers
SELECT a.customer_id, a.customer_id = b.customer_id AS same FROM customers a, customers b
;;

-- join by session: joins customers
SELECT a.customer_id FROM sessions a JOIN sessions b USING (session_id)
;;

-- join by order: joins customers
SELECT o.customer_id FROM orders o JOIN order_lines l USING (order_id)
;;

-- join after left: joins customers
SELECT a.customer_id FROM customers a LEFT JOIN orders b ON a.country = b.currency AND a.customer_id
= a.customer_id
;;

-- join of a mask: joins customers
SELECT c.customer_id FROM customers c JOIN (SELECT country AS customer_id FROM customers) x USING
(customer_id)
;;

-- join of renamed: joins customers
SELECT c.customer_id FROM customers c JOIN orders AS o(customer_id, a) USING (customer_id)
;;

-- constant first: joins customers
SELECT c.customer_id FROM (VALUES (1)) v(x) LEFT JOIN customers c ON c.orders = v.x
;;

-- positional: positional
SELECT customers.customer_id FROM customers POSITIONAL JOIN orders
;;

-- asof: joins customers
SELECT o.customer_id FROM orders o ASOF JOIN sessions s ON o.placed_at >= s.started_at
;;

-- lateral: adds up
SELECT c.customer_id FROM customers c, LATERAL (SELECT count(*) AS n FROM orders) x
;;

-- products: products
SELECT o.customer_id FROM order_lines o JOIN products p USING (product_id)
;;

-- products in: products
SELECT customer_id FROM order_lines WHERE product_id IN (SELECT product_id FROM products)
;;

-- uncorrelated exists: subquery
SELECT customer_id FROM customers WHERE EXISTS (SELECT 1 FROM orders WHERE total > 9)
;;

-- its own customer: subquery
SELECT customer_id FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE customer_id =
o.customer_id)
;;

-- exists by or: subquery
SELECT customer_id FROM customers c WHERE EXISTS (FROM orders o WHERE o.customer_id = c.customer_id
OR o.total > 9)
;;

-- exists of others: subquery
SELECT customer_id FROM customers c WHERE EXISTS (FROM orders o WHERE o.customer_id <>
c.customer_id)
;;

-- scalar: adds up
SELECT customer_id FROM customers WHERE orders > (SELECT avg(orders) FROM customers)
;;

-- scalar without: subquery
SELECT customer_id FROM customers WHERE orders = (SELECT orders FROM customers WHERE email = 'a')
;;

-- in another column: subquery
SELECT customer_id FROM customers WHERE country IN (SELECT currency FROM orders)
;;

-- in itself: subquery
SELECT customer_id FROM customers c WHERE customer_id IN (SELECT c.customer_id FROM orders)
;;

-- not in: NOT EXISTS
SELECT customer_id FROM customers WHERE customer_id NOT IN (SELECT customer_id FROM orders)
;;

-- in as a column: NOT EXISTS
SELECT customer_id, customer_id IN (SELECT customer_id FROM orders) AS bought FROM customers
;;

-- greater than any: subquery
SELECT customer_id FROM customers WHERE customer_id > ANY (SELECT customer_id FROM orders)
;;

-- lifted by left join: subquery
SELECT customer_id FROM customers c WHERE EXISTS (SELECT 1 FROM orders o LEFT JOIN returns r ON
r.customer_id = o.customer_id AND o.customer_id = c.customer_id)
;;

-- union of countries: UNION
WITH x AS (SELECT country FROM customers UNION SELECT city FROM customers) SELECT customer_id FROM
customers
;;

-- except all: EXCEPT
WITH x AS (SELECT country FROM customers EXCEPT ALL SELECT country FROM customers) SELECT
customer_id FROM orders
;;

-- union with nobody: no customer
SELECT customer_id FROM customers UNION ALL SELECT uuid FROM (VALUES (1)) v(uuid)
;;

-- masked: not plainly
SELECT identifiers[1].node AS customer_id FROM customers
;;

-- masked by replace: not plainly
SELECT * REPLACE (md5(country)::UUID AS customer_id) FROM customers
;;

-- masked by unnest: not plainly
SELECT unnest({'customer_id': country}), customer_id FROM customers
;;

-- crossed positions: not plainly
SELECT customer_id, node FROM identifiers UNION ALL SELECT node, customer_id FROM identifiers
;;

-- values: not plainly
SELECT v.customer_id FROM (VALUES ('x')) v(customer_id), customers
;;

-- recursive: RECURSIVE
WITH RECURSIVE r AS (SELECT customer_id FROM orders UNION SELECT customer_id FROM r) FROM r
;;

-- pivot: PIVOT
FROM orders PIVOT (count(*) FOR currency IN ('EUR'))
;;
