-- Money that was paid back for an order.
SELECT
    CAST(NULL AS VARCHAR) AS refund_id,  -- Id of the refund.
    CAST(NULL AS VARCHAR) AS order_id,  -- The order it is for.
    CAST(NULL AS VARCHAR) AS return_id,  -- The return it pays for.
    CAST(NULL AS TIMESTAMP) AS refunded_at,  -- When it was sent, UTC.
    CAST(NULL AS DECIMAL(18,3)) AS amount,  -- Amount paid back, zero or more.
    CAST(NULL AS VARCHAR) AS currency,  -- Currency of all money in the row, ISO 4217.
    CAST(NULL AS VARCHAR) AS reason  -- return, cancellation, goodwill or other.
