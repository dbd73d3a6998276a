-- Who waits for us? Complaints that are not closed, the longest wait first, with what is at stake.
-- waiting_days runs until the last event in the store: a store at rest gives the same answer tomorrow.
WITH seen AS (
    SELECT max(occurred_at) AS until FROM events
)
SELECT
    conversation.customer_id,
    customers.first_name,
    customers.last_name,
    conversation.conversation_id,
    conversation.medium,
    conversation.status,
    conversation.opened_at,
    conversation.first_response_at,
    date_diff('day', conversation.opened_at, until) AS waiting_days,
    conversation.subject,
    conversation.order_id,
    orders.promised_by,
    orders.delivered_at,
    customers.orders,
    customers.revenue_net,
    customers.currency
FROM conversations AS conversation
CROSS JOIN seen
LEFT JOIN customers USING (customer_id)
LEFT JOIN orders ON orders.order_id = conversation.order_id
WHERE conversation.kind = 'complaint' AND conversation.closed_at IS NULL
ORDER BY conversation.opened_at, conversation.conversation_id
