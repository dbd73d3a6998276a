-- A return, announced, received or both.
SELECT
    CAST(NULL AS VARCHAR) AS return_id,  -- Id of the return within the order.
    CAST(NULL AS VARCHAR) AS order_id,  -- The order whose goods come back.
    CAST(NULL AS VARCHAR) AS status,  -- requested or received.
    CAST(NULL AS TIMESTAMP) AS requested_at,  -- When it was announced, UTC; null for unannounced ones.
    CAST(NULL AS TIMESTAMP) AS received_at,  -- When the goods were received, UTC.
    CAST(NULL AS BIGINT) AS items,  -- Number of pieces, as received, else as announced; null for the whole order.
    CAST(NULL AS VARCHAR) AS reason  -- Reasons given, each once, in alphabetical order.
