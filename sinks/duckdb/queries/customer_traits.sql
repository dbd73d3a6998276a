-- The surviving value of each trait of one customer ($customer), and who said it when.
SELECT trait, value, rule, source, occurred_at, event_type, event_id
FROM traits
WHERE customer_id = $customer
ORDER BY trait
