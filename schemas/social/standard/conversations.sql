-- Private conversations on networks. Nobody closes them: our last word does, until the customer writes again.
WITH said AS (
    SELECT
        *,
        (occurred_at, event_id) AS moment,
        min(occurred_at) FILTER (direction = 'in') OVER (PARTITION BY conversation_id) AS asked_at
    FROM social_standard.message
),
conversation AS (
    SELECT
        arg_min(node, moment) AS node,
        conversation_id,
        arg_max(kind, moment) AS kind,
        CASE arg_max(direction, moment) WHEN 'in' THEN 'open' ELSE 'closed' END AS status,
        min(occurred_at) AS opened_at,
        min(occurred_at) FILTER (direction = 'out' AND occurred_at >= asked_at) AS first_response_at,
        count(*) AS messages,
        max(occurred_at) AS last_message_at,
        arg_max(order_id, moment) AS order_id
    FROM said
    GROUP BY conversation_id
)
SELECT
    node,
    conversation_id,
    'social' AS medium,
    kind,
    status,
    opened_at,
    first_response_at,
    CASE status WHEN 'closed' THEN last_message_at END AS closed_at,
    CAST(NULL AS VARCHAR) AS subject,
    messages,
    last_message_at,
    order_id
FROM conversation
