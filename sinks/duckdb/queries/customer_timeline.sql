-- Everything that happened with one customer ($customer), the newest first.
SELECT occurred_at, channel, event_type, what, details, event_id
FROM customer_timeline
WHERE customer_id = $customer
ORDER BY occurred_at DESC, event_type, event_id
