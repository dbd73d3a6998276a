-- The refunds, each as last stated.
SELECT
    node,
    refund_id,
    order_id,
    return_id,
    occurred_at AS refunded_at,
    major(amount_minor, currency) AS amount,
    currency,
    reason
FROM shop_standard.order_refunded
QUALIFY row_number() OVER (PARTITION BY order_id, refund_id ORDER BY occurred_at DESC, event_id DESC) = 1
