-- The shop's orders. Each later step is reduced to one row an order before it is joined.
WITH placed AS (
    SELECT *, min(occurred_at) OVER (PARTITION BY order_id) AS placed_at
    FROM shop_standard.order_placed
    QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY occurred_at DESC, event_id DESC) = 1
),
paid AS (
    SELECT order_id, min(occurred_at) AS paid_at FROM shop_standard.order_paid GROUP BY order_id
),
shipped AS (
    SELECT order_id, min(occurred_at) AS shipped_at FROM shop_standard.order_shipped GROUP BY order_id
),
delivered AS (
    SELECT order_id, max(occurred_at) AS delivered_at FROM shop_standard.order_delivered GROUP BY order_id
),
requested AS (
    SELECT order_id, min(occurred_at) AS return_requested_at FROM shop_standard.return_requested GROUP BY order_id
),
returned AS (
    SELECT order_id, min(occurred_at) AS returned_at FROM shop_standard.order_returned GROUP BY order_id
),
refund AS (
    SELECT *
    FROM shop_standard.order_refunded
    QUALIFY row_number() OVER (PARTITION BY order_id, refund_id ORDER BY occurred_at DESC, event_id DESC) = 1
),
refunded AS (
    SELECT
        order_id,
        currency,
        min(occurred_at) AS refunded_at,
        sum(amount_minor) AS all_minor,
        sum(amount_minor) FILTER (reason = 'cancellation') AS cancellation_minor
    FROM refund
    GROUP BY order_id, currency
),
cancelled AS (
    SELECT
        order_id,
        bool_or(amount_minor IS NULL) AS wholly,
        sum(amount_minor) AS part_minor,
        coalesce(min(occurred_at) FILTER (amount_minor IS NULL), max(occurred_at)) AS cancelled_at
    FROM shop_standard.order_cancelled
    GROUP BY order_id
),
life AS (
    SELECT
        placed.*,
        paid_at,
        shipped_at,
        delivered_at,
        return_requested_at,
        returned_at,
        refunded_at,
        coalesce(all_minor, 0) AS refunded_minor,
        coalesce(cancellation_minor, 0) AS refunded_cancelled_minor,
        coalesce(wholly OR part_minor >= total_minor, false) AS wholly_cancelled,
        CASE WHEN wholly_cancelled THEN cancelled_at END AS cancelled_at,
        CASE WHEN wholly_cancelled THEN total_minor ELSE coalesce(part_minor, 0) END AS cancelled_minor,
        total_minor
            - greatest(cancelled_minor, refunded_cancelled_minor)
            - (refunded_minor - refunded_cancelled_minor) AS kept_minor
    FROM placed
    LEFT JOIN paid USING (order_id)
    LEFT JOIN shipped USING (order_id)
    LEFT JOIN delivered USING (order_id)
    LEFT JOIN requested USING (order_id)
    LEFT JOIN returned USING (order_id)
    LEFT JOIN refunded USING (order_id, currency)
    LEFT JOIN cancelled USING (order_id)
)
SELECT
    node,
    order_id,
    CASE
        WHEN wholly_cancelled THEN 'cancelled'
        WHEN refunded_at IS NOT NULL THEN 'refunded'
        WHEN returned_at IS NOT NULL THEN 'returned'
        WHEN return_requested_at IS NOT NULL THEN 'return_requested'
        WHEN delivered_at IS NOT NULL THEN 'delivered'
        WHEN shipped_at IS NOT NULL THEN 'shipped'
        WHEN paid_at IS NOT NULL THEN 'paid'
        ELSE 'placed'
    END AS status,
    placed_at,
    paid_at,
    shipped_at,
    delivered_at,
    promised_by,
    return_requested_at,
    returned_at,
    refunded_at,
    cancelled_at,
    major(subtotal_minor, currency) AS subtotal,
    major(discount_minor, currency) AS discount,
    major(shipping_minor, currency) AS shipping,
    major(tax_minor, currency) AS tax,
    major(total_minor, currency) AS total,
    major(refunded_minor, currency) AS refunded,
    major(cancelled_minor, currency) AS cancelled,
    major(CASE WHEN wholly_cancelled THEN greatest(kept_minor, 0) ELSE kept_minor END, currency) AS revenue_net,
    currency,
    TRY_CAST(coalesce(list_sum([line.quantity FOR line IN lines]), 0) AS BIGINT) AS items,
    coupon,
    payment_method,
    channel,
    guest,
    gift
FROM life
