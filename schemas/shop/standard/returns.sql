-- The returns: what was announced beside what was received.
WITH requested AS (
    SELECT *
    FROM shop_standard.return_requested
    QUALIFY row_number() OVER (PARTITION BY order_id, return_id ORDER BY occurred_at DESC, event_id DESC) = 1
),
received AS (
    SELECT *
    FROM shop_standard.order_returned
    QUALIFY row_number() OVER (PARTITION BY order_id, return_id ORDER BY occurred_at DESC, event_id DESC) = 1
)
SELECT
    coalesce(requested.node, received.node) AS node,
    return_id,
    order_id,
    CASE WHEN received.event_id IS NULL THEN 'requested' ELSE 'received' END AS status,
    requested.occurred_at AS requested_at,
    received.occurred_at AS received_at,
    TRY_CAST(
        coalesce(
            list_sum([line.quantity FOR line IN received.lines]),
            list_sum([line.quantity FOR line IN requested.lines])
        ) AS BIGINT
    ) AS items,
    nullif(
        array_to_string(list_sort(list_distinct([line.reason FOR line IN requested.lines])), ', '), ''
    ) AS reason
FROM requested
FULL JOIN received USING (order_id, return_id)
