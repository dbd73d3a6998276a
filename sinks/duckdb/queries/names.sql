-- What some customers ($customers) are called: a name, an e-mail address, a telephone number, where known.
SELECT
    customer_id,
    max(value) FILTER (trait = 'first_name') AS first_name,
    max(value) FILTER (trait = 'last_name') AS last_name,
    max(value) FILTER (trait = 'email') AS email,
    max(value) FILTER (trait = 'phone') AS phone
FROM traits
WHERE
    list_contains($customers::UUID[], customer_id)  -- no join: a filter is carried into the view
    AND trait IN ('first_name', 'last_name', 'email', 'phone')
GROUP BY customer_id
