-- Product pages seen in the browser.
SELECT
    node,
    event_id,
    occurred_at AS viewed_at,
    product_id,
    sku,
    name,
    brand,
    category,
    major(price_minor, currency) AS price,
    currency,
    device_id,
    url
FROM web_tracking.product_viewed
