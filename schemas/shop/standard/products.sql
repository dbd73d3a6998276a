-- Products as they were sold; what is known of each is what its last line that says so says.
WITH line AS (
    SELECT
        occurred_at,
        event_id,
        currency,
        generate_subscripts(lines, 1) AS position,
        unnest(lines, recursive := true)
    FROM shop_standard.order_placed
)
SELECT
    CAST(NULL AS UUID) AS node,
    product_id,
    'shop/standard' AS source,
    arg_max(sku, (occurred_at, event_id, position)) AS sku,
    arg_max(name, (occurred_at, event_id, position)) AS name,
    arg_max(brand, (occurred_at, event_id, position)) AS brand,
    arg_max(category, (occurred_at, event_id, position)) AS category,
    arg_max(major(unit_price_minor, currency), (occurred_at, event_id, position)) AS price,
    arg_max(currency, (occurred_at, event_id, position)) AS currency,
    min(occurred_at) AS first_seen_at,
    max(occurred_at) AS last_seen_at
FROM line
GROUP BY product_id
