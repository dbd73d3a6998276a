-- A parcel of an order.
SELECT
    CAST(NULL AS VARCHAR) AS shipment_id,  -- Id of the parcel within the order.
    CAST(NULL AS VARCHAR) AS order_id,  -- The order it belongs to.
    CAST(NULL AS VARCHAR) AS status,  -- shipped or delivered.
    CAST(NULL AS TIMESTAMP) AS shipped_at,  -- When it left, UTC.
    CAST(NULL AS TIMESTAMP) AS promised_by,  -- Latest time of delivery that was promised for the order.
    CAST(NULL AS TIMESTAMP) AS delivered_at,  -- When it arrived, UTC.
    CAST(NULL AS VARCHAR) AS carrier,  -- Who carries it.
    CAST(NULL AS VARCHAR) AS tracking_number,  -- The carrier's number of the parcel.
    CAST(NULL AS BIGINT) AS items  -- Number of pieces inside; null if the source does not say.
