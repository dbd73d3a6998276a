-- owner: Marketing
-- description: Consented to the newsletter, and came to the shop through a link in an e-mail within 90 days.
-- refresh: live
-- sweep: 1 day
-- requires: consent:newsletter
SELECT customer_id, arg_max(utm_campaign, (touched_at, event_id)) AS campaign
FROM campaign_touches
WHERE utm_medium = 'email' AND touched_at > $now - INTERVAL 90 DAY
GROUP BY customer_id
