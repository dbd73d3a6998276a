-- Arrivals through campaign links.
SELECT
    node,
    event_id,
    occurred_at AS touched_at,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_term,
    utm_content,
    campaign_id,
    device_id,
    url
FROM web_tracking.campaign_clicked
