-- The parcels. A delivery that names no parcel means all of the order's.
WITH parcel AS (
    SELECT *, min(occurred_at) OVER (PARTITION BY order_id, shipment_id) AS shipped_at
    FROM shop_standard.order_shipped
    QUALIFY row_number() OVER (PARTITION BY order_id, shipment_id ORDER BY occurred_at DESC, event_id DESC) = 1
),
arrival AS (
    SELECT order_id, shipment_id, min(occurred_at) AS delivered_at
    FROM shop_standard.order_delivered
    GROUP BY order_id, shipment_id
),
promise AS (
    SELECT order_id, arg_max(promised_by, (occurred_at, event_id)) AS promised_by
    FROM shop_standard.order_placed
    GROUP BY order_id
)
SELECT
    parcel.node,
    parcel.shipment_id,
    parcel.order_id,
    CASE WHEN coalesce(own.delivered_at, whole.delivered_at) IS NULL THEN 'shipped' ELSE 'delivered' END AS status,
    parcel.shipped_at,
    promise.promised_by,
    least(own.delivered_at, whole.delivered_at) AS delivered_at,
    parcel.carrier,
    parcel.tracking_number,
    TRY_CAST(list_sum([line.quantity FOR line IN parcel.lines]) AS BIGINT) AS items
FROM parcel
LEFT JOIN arrival AS own ON own.order_id = parcel.order_id AND own.shipment_id = parcel.shipment_id
LEFT JOIN arrival AS whole ON whole.order_id = parcel.order_id AND whole.shipment_id IS NULL
LEFT JOIN promise ON promise.order_id = parcel.order_id
