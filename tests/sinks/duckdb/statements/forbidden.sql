-- What no definition may say, each with a part of the refusal.

-- now(): use $now
SELECT customer_id FROM customers WHERE last_order_at < now()
;;

-- current_date: use $now
SELECT customer_id FROM customers WHERE last_order_at < current_date
;;

-- current_timestamp: use $now
SELECT customer_id FROM customers WHERE last_order_at < CURRENT_TIMESTAMP
;;

-- today: use $now
SELECT customer_id FROM customers WHERE last_order_at < today()
;;

-- ago: use $now
SELECT customer_id FROM customers WHERE last_order_at < ago('1 day')
;;

-- age of one: age($now
SELECT customer_id FROM customers WHERE age(last_order_at) > INTERVAL 1 DAY
;;

-- get_current_timestamp: use $now
SELECT customer_id FROM customers WHERE get_current_timestamp() > last_order_at
;;

-- clock in a macro: not allowed
SELECT customer_id FROM customers WHERE last_order_at < pg_postmaster_start_time()
;;

-- random: same events
SELECT customer_id FROM customers WHERE random() < 0.1
;;

-- uuid: same events
SELECT customer_id, uuid() AS id FROM customers
;;

-- gen_random_uuid: same events
SELECT customer_id, gen_random_uuid() AS id FROM customers
;;

-- any_value: arg_max
SELECT customer_id, any_value(city) AS city FROM customers GROUP BY customer_id
;;

-- first: arg_max
SELECT customer_id, first(total) AS t FROM orders GROUP BY customer_id
;;

-- tablesample: same events
SELECT customer_id FROM customers TABLESAMPLE 10%
;;

-- using sample: same events
SELECT customer_id FROM customers USING SAMPLE 3
;;

-- natural join: USING (customer_id)
SELECT customer_id FROM customers NATURAL JOIN orders
;;

-- by place: name the column
SELECT #1 AS customer_id FROM customers
;;

-- read_csv: ask its views
SELECT customer_id FROM read_csv('x.csv')
;;

-- read_text: not allowed
SELECT customer_id, read_text('/etc/passwd') AS t FROM customers
;;

-- range of files: ask its views
SELECT customer_id FROM glob('*')
;;

-- query: ask its views
SELECT customer_id FROM query('FROM customers')
;;

-- query_table: ask its views
SELECT customer_id FROM query_table('customers')
;;

-- duckdb_settings: ask its views
SELECT customer_id FROM customers, duckdb_settings()
;;

-- pragma function: ask its views
SELECT customer_id FROM customers, pragma_database_size()
;;

-- getvariable: not allowed
SELECT customer_id, getvariable('x') AS h FROM customers
;;

-- current_setting: not allowed
SELECT customer_id, current_setting('threads') AS h FROM customers
;;

-- a macro that reads: not allowed
SELECT customer_id, get_block_size('store') AS h FROM customers
;;

-- describe: no customers
SELECT column_name AS customer_id FROM (DESCRIBE customers)
;;

-- summarize: no customers
SELECT max AS customer_id FROM (SUMMARIZE customers)
;;

-- attach: is no SELECT
ATTACH 'other.duckdb'
;;

-- copy: is no SELECT
COPY customers TO 'x.csv'
;;

-- delete: is no SELECT
DELETE FROM customers RETURNING customer_id
;;

-- pragma: is no SELECT
PRAGMA version
;;

-- insert: is no SELECT
INSERT INTO customers VALUES (1)
;;

-- two: 2 statements
SELECT customer_id FROM customers; SELECT 1
;;

-- none: 0 statements
;
;;

-- no SQL: is no SQL
SELEKT customer_id
;;

-- another parameter: only $now
SELECT customer_id FROM customers WHERE email = $other
;;

-- a parameter without a name: only $now
SELECT customer_id FROM customers WHERE email = ?
;;

-- NOW in capitals: only $now
SELECT customer_id FROM customers WHERE last_order_at < $NOW
;;
