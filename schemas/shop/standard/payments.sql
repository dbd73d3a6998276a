-- The payments, each as last stated.
SELECT
    node,
    payment_id,
    order_id,
    occurred_at AS paid_at,
    major(amount_minor, currency) AS amount,
    currency,
    payment_method
FROM shop_standard.order_paid
QUALIFY row_number() OVER (PARTITION BY order_id, payment_id ORDER BY occurred_at DESC, event_id DESC) = 1
