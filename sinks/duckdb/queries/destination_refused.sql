-- Rows that a destination ($destination) has refused, the latest first.
SELECT item.contact, item.action, item.fields, item.status, item.answer, delivery.sent_at, delivery.delivery_id
FROM activation.item AS item
JOIN activation.delivery AS delivery USING (delivery_id)
WHERE item.destination = $destination AND item.outcome = 'refused'
ORDER BY delivery.number DESC, item.place
LIMIT 1000;
