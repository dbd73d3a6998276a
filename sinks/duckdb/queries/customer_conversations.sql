-- The service cases, calls and private conversations of one customer ($customer), the newest first.
SELECT * EXCLUDE (customer_id)
FROM conversations
WHERE customer_id = $customer
ORDER BY opened_at DESC, conversation_id
