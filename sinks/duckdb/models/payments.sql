-- A payment that came in for an order.
SELECT
    CAST(NULL AS VARCHAR) AS payment_id,  -- Id of the payment.
    CAST(NULL AS VARCHAR) AS order_id,  -- The order paid.
    CAST(NULL AS TIMESTAMP) AS paid_at,  -- When it came in, UTC.
    CAST(NULL AS DECIMAL(18,3)) AS amount,  -- Amount paid.
    CAST(NULL AS VARCHAR) AS currency,  -- Currency of all money in the row, ISO 4217.
    CAST(NULL AS VARCHAR) AS payment_method  -- How it was paid.
