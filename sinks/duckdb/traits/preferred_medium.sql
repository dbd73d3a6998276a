-- owner: Customer service
-- description: How the customer gets in touch most often: email, phone, chat, web, social, letter or store.
-- refresh: live
WITH used AS (
    SELECT customer_id, medium, count(*) AS times, max(opened_at) AS used_at
    FROM conversations
    WHERE medium IS NOT NULL
    GROUP BY customer_id, medium
)
SELECT customer_id, arg_max(medium, (times, used_at, medium)) AS value
FROM used
GROUP BY customer_id
