-- Visits: all events of a device, cut where 30 minutes or more passed without one.
WITH seen AS (
    SELECT 'campaign_clicked' AS event, event_id, occurred_at, node, device_id, user_id, url, referrer,
        utm_source, utm_medium, utm_campaign
    FROM web_tracking.campaign_clicked
    UNION ALL BY NAME
    SELECT 'page_viewed' AS event, event_id, occurred_at, node, device_id, user_id, url, referrer,
        utm_source, utm_medium, utm_campaign
    FROM web_tracking.page_viewed
    UNION ALL BY NAME
    SELECT 'product_viewed' AS event, event_id, occurred_at, node, device_id, user_id, url, referrer,
        utm_source, utm_medium, utm_campaign
    FROM web_tracking.product_viewed
    UNION ALL BY NAME
    SELECT 'product_list_viewed' AS event, event_id, occurred_at, node, device_id, user_id, url, referrer,
        utm_source, utm_medium, utm_campaign
    FROM web_tracking.product_list_viewed
    UNION ALL BY NAME
    SELECT 'products_searched' AS event, event_id, occurred_at, node, device_id, user_id, url, referrer,
        utm_source, utm_medium, utm_campaign
    FROM web_tracking.products_searched
    UNION ALL BY NAME
    SELECT 'product_added' AS event, event_id, occurred_at, node, device_id, user_id, url, referrer
    FROM web_tracking.product_added
    UNION ALL BY NAME
    SELECT 'product_removed' AS event, event_id, occurred_at, node, device_id, user_id, url, referrer
    FROM web_tracking.product_removed
    UNION ALL BY NAME
    SELECT 'cart_viewed' AS event, event_id, occurred_at, node, device_id, user_id, url, referrer
    FROM web_tracking.cart_viewed
    UNION ALL BY NAME
    SELECT 'checkout_started' AS event, event_id, occurred_at, node, device_id, user_id, url, referrer
    FROM web_tracking.checkout_started
    UNION ALL BY NAME
    SELECT 'identified' AS event, event_id, occurred_at, node, device_id, user_id, url, referrer
    FROM web_tracking.identified
),
spaced AS (
    SELECT
        *,
        (occurred_at, event, event_id) AS moment,
        coalesce(occurred_at - lag(occurred_at) OVER device >= INTERVAL 30 MINUTE, true) AS opens
    FROM seen
    WINDOW device AS (PARTITION BY device_id ORDER BY occurred_at, event, event_id)
),
numbered AS (
    SELECT
        *,
        count(*) FILTER (opens) OVER (
            PARTITION BY device_id ORDER BY occurred_at, event, event_id ROWS UNBOUNDED PRECEDING
        ) AS visit
    FROM spaced
),
visit AS (
    SELECT
        coalesce(arg_max(node, moment) FILTER (user_id IS NOT NULL), arg_min(node, moment)) AS node,
        device_id,
        min(occurred_at) AS started_at,
        max(occurred_at) AS ended_at,
        count(*) AS events,
        count(*) FILTER (ends_with(event, '_viewed') OR event = 'products_searched') AS pages,
        count(*) FILTER (event = 'product_viewed') AS products,
        arg_min(url, moment) AS landing_url,
        arg_min({'referrer': referrer}, moment).referrer AS referrer,
        arg_min(
            {'source': utm_source, 'medium': utm_medium, 'campaign': utm_campaign}, moment
        ) FILTER (coalesce(utm_source, utm_medium, utm_campaign) IS NOT NULL) AS utm
    FROM numbered
    GROUP BY device_id, visit
)
SELECT
    node,
    device_id || ' ' || strftime(started_at, '%Y-%m-%dT%H:%M:%S.%fZ') AS session_id,
    device_id,
    started_at,
    ended_at,
    events,
    pages,
    products,
    landing_url,
    referrer,
    utm.source AS utm_source,
    utm.medium AS utm_medium,
    utm.campaign AS utm_campaign
FROM visit
