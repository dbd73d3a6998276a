-- The delivery of a destination ($destination) that goes next: withdrawals first, then the oldest.
SELECT delivery_id, decided_at, attempts, next_at
FROM activation.delivery AS delivery
WHERE destination = $destination AND sent_at IS NULL
ORDER BY
    EXISTS (
        SELECT 1 FROM activation.item AS item
        WHERE item.delivery_id = delivery.delivery_id AND item.outcome IS NULL AND NOT item.withdrawn
    ),
    number
LIMIT 1
