-- What visitors did with their carts in the browser.
SELECT
    node, event_id, occurred_at AS changed_at, 'added' AS action, product_id, name, category, quantity,
    major(price_minor, currency) AS price, currency, device_id
FROM web_tracking.product_added
UNION ALL BY NAME
SELECT
    node, event_id, occurred_at AS changed_at, 'removed' AS action, product_id, name, category, quantity,
    major(price_minor, currency) AS price, currency, device_id
FROM web_tracking.product_removed
UNION ALL BY NAME
SELECT node, event_id, occurred_at AS changed_at, 'checkout' AS action, device_id
FROM web_tracking.checkout_started
