-- Who is to be told of: customers that the batch says something of, and those that are none any more.
INSERT INTO ops.outbox BY NAME
WITH changed AS (
    SELECT customer FROM identity.node SEMI JOIN affected USING (node)
    UNION
    SELECT customer FROM identity.assignment WHERE known_to = $landed_at::TIMESTAMP
)
SELECT
    $first + row_number() OVER (ORDER BY changed.customer) - 1 AS outbox_id,
    $landed_at::TIMESTAMP AS landed_at,
    changed.customer AS customer_id,
    node.customer AS now_id
FROM changed
LEFT JOIN identity.node AS node ON node.node = changed.customer;
