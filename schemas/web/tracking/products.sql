-- Products as they were shown or put into a cart; what is known of each is what its last event that says so says.
WITH shown AS (
    SELECT product_id, sku, name, brand, category, price_minor, currency, occurred_at, 'viewed' AS event, event_id
    FROM web_tracking.product_viewed
    UNION ALL
    SELECT product_id, sku, name, brand, category, price_minor, currency, occurred_at, 'added' AS event, event_id
    FROM web_tracking.product_added
)
SELECT
    CAST(NULL AS UUID) AS node,
    product_id,
    'web/tracking' AS source,
    arg_max(sku, (occurred_at, event, event_id)) AS sku,
    arg_max(name, (occurred_at, event, event_id)) AS name,
    arg_max(brand, (occurred_at, event, event_id)) AS brand,
    arg_max(category, (occurred_at, event, event_id)) AS category,
    arg_max(major(price_minor, currency), (occurred_at, event, event_id)) FILTER (currency IS NOT NULL) AS price,
    arg_max(currency, (occurred_at, event, event_id)) FILTER (price_minor IS NOT NULL) AS currency,
    min(occurred_at) AS first_seen_at,
    max(occurred_at) AS last_seen_at
FROM shown
GROUP BY product_id
