-- Service cases with what was written and said in them, and calls that belong to no case.
WITH ticket AS (
    SELECT *, min(occurred_at) OVER (PARTITION BY ticket_id) AS opened_at
    FROM crm_standard.ticket_opened
    QUALIFY row_number() OVER (PARTITION BY ticket_id ORDER BY occurred_at DESC, event_id DESC) = 1
),
change AS (
    SELECT ticket_id, occurred_at, event_id, status, kind FROM crm_standard.ticket_updated
    UNION ALL
    SELECT ticket_id, occurred_at, event_id, 'closed' AS status, NULL AS kind FROM crm_standard.ticket_closed
),
latest AS (
    SELECT
        ticket_id,
        arg_max(status, (occurred_at, status = 'closed', event_id)) AS status,
        arg_max(kind, (occurred_at, event_id)) AS kind,
        max(occurred_at) FILTER (status = 'closed') AS closed_at
    FROM change
    GROUP BY ticket_id
),
call AS (
    SELECT *, coalesce(duration_seconds, 1) > 0 AS answered
    FROM crm_standard.call_logged
    QUALIFY row_number() OVER (PARTITION BY call_id ORDER BY occurred_at DESC, event_id DESC) = 1
),
message AS (
    SELECT ticket_id, occurred_at, false AS answers FROM crm_standard.email_received
    UNION ALL
    SELECT ticket_id, occurred_at, true AS answers FROM crm_standard.email_sent
    UNION ALL
    SELECT ticket_id, occurred_at, answered AS answers FROM call
),
talk AS (
    SELECT
        ticket_id,
        count(*) AS messages,
        min(occurred_at) FILTER (answers) AS first_response_at,
        max(occurred_at) AS last_message_at
    FROM message
    GROUP BY ticket_id
)
SELECT
    ticket.node,
    ticket_id AS conversation_id,
    ticket.channel AS medium,
    coalesce(latest.kind, ticket.kind) AS kind,
    coalesce(latest.status, 'open') AS status,
    ticket.opened_at,
    CASE WHEN talk.first_response_at IS NOT NULL THEN greatest(talk.first_response_at, ticket.opened_at) END
        AS first_response_at,
    CASE WHEN latest.status = 'closed' THEN latest.closed_at END AS closed_at,
    ticket.subject,
    coalesce(talk.messages, 1) AS messages,
    greatest(talk.last_message_at, ticket.opened_at) AS last_message_at,
    ticket.order_id
FROM ticket
LEFT JOIN latest USING (ticket_id)
LEFT JOIN talk USING (ticket_id)
UNION ALL
SELECT
    node,
    call_id AS conversation_id,
    'phone' AS medium,
    kind,
    'closed' AS status,
    occurred_at AS opened_at,
    CASE WHEN answered THEN occurred_at END AS first_response_at,
    occurred_at AS closed_at,
    CAST(NULL AS VARCHAR) AS subject,
    1 AS messages,
    occurred_at AS last_message_at,
    CAST(NULL AS VARCHAR) AS order_id
FROM call
WHERE ticket_id IS NULL
