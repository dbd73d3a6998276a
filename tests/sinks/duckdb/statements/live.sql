-- Definitions that can be live.

-- filter:
SELECT customer_id FROM customers WHERE orders > 3 ORDER BY last_order_at
;;

-- star:
FROM customers
;;

-- own rows counted:
SELECT customer_id, count(*) AS n FROM orders GROUP BY customer_id HAVING n > 2
;;

-- group by number:
SELECT customer_id, count(*) FROM orders GROUP BY 1
;;

-- group by more:
SELECT customer_id, currency, sum(total) FROM orders GROUP BY customer_id, currency
;;

-- group by all:
SELECT customer_id, max(total) FROM orders GROUP BY ALL
;;

-- grouping sets:
SELECT customer_id FROM orders GROUP BY GROUPING SETS ((customer_id), (customer_id, currency))
;;

-- window:
SELECT customer_id FROM orders QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY
placed_at) = 3
;;

-- distinct:
SELECT DISTINCT customer_id FROM orders
;;

-- distinct on:
SELECT DISTINCT ON (customer_id) customer_id, total FROM orders ORDER BY total
;;

-- self join:
SELECT a.customer_id FROM orders a JOIN orders b USING (customer_id) WHERE a.total > b.total
;;

-- comma join:
SELECT o.customer_id FROM orders o, customers c WHERE o.customer_id = c.customer_id AND c.orders > 1
;;

-- outer joins:
SELECT customer_id FROM customers LEFT JOIN orders USING (customer_id) LEFT JOIN sessions USING
(customer_id)
;;

-- full join:
SELECT customer_id FROM orders FULL JOIN sessions USING (customer_id)
;;

-- anti join:
SELECT customer_id FROM customers ANTI JOIN orders USING (customer_id)
;;

-- semi join:
SELECT c.customer_id FROM customers c SEMI JOIN orders o ON o.customer_id = c.customer_id AND
o.total > 9
;;

-- asof join:
SELECT orders.customer_id FROM orders ASOF JOIN sessions ON orders.customer_id =
sessions.customer_id AND placed_at >= started_at
;;

-- exists:
SELECT customer_id FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id =
c.customer_id)
;;

-- not exists:
SELECT customer_id FROM customers c WHERE NOT EXISTS (FROM orders o WHERE o.customer_id =
c.customer_id)
;;

-- scalar:
SELECT customer_id FROM customers c WHERE (SELECT sum(total) FROM orders o WHERE o.customer_id =
c.customer_id) > 100
;;

-- last of their own:
SELECT customer_id, (SELECT status FROM orders o WHERE o.customer_id = c.customer_id ORDER BY
placed_at DESC, order_id LIMIT 1) AS last FROM customers c
;;

-- in:
SELECT customer_id FROM customers WHERE orders > 1 OR customer_id IN (SELECT customer_id FROM
returns)
;;

-- cte:
WITH x AS (SELECT customer_id AS who, count(*) AS n FROM orders GROUP BY customer_id) SELECT who AS
customer_id FROM x
;;

-- cte names:
WITH x(who, n) AS (SELECT customer_id, total FROM orders) SELECT who AS customer_id FROM x WHERE n >
1
;;

-- union:
SELECT customer_id FROM orders UNION SELECT customer_id FROM sessions
;;

-- union all:
SELECT customer_id, 1 AS w FROM orders UNION ALL SELECT customer_id, 2 FROM sessions
;;

-- union by name:
SELECT customer_id, total FROM orders UNION ALL BY NAME SELECT pages, customer_id FROM sessions
;;

-- except:
SELECT customer_id FROM customers EXCEPT SELECT customer_id FROM orders
;;

-- intersect:
SELECT customer_id FROM customers INTERSECT SELECT customer_id FROM orders
;;

-- unnest:
SELECT c.customer_id FROM customers c, unnest(c.consents) u(consent) WHERE u.consent.purpose =
'newsletter'
;;

-- unnest beside:
SELECT customer_id, unnest(identifiers) AS one FROM customers
;;

-- values:
SELECT c.customer_id FROM customers c JOIN (VALUES ('DE', 1), ('AT', 2)) v(country, w) ON c.country
= v.country
;;

-- coalesce:
SELECT coalesce(o.customer_id, s.customer_id) AS customer_id FROM orders o FULL JOIN sessions s ON
o.customer_id = s.customer_id
;;

-- now:
SELECT customer_id FROM customers WHERE last_order_at < $now - INTERVAL 1 YEAR
;;

-- our macro:
SELECT customer_id FROM refunds WHERE major(1999, currency) < refunded
;;
