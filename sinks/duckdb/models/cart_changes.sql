-- A visitor put something into the cart, took it out, or went to the checkout with it.
SELECT
    CAST(NULL AS VARCHAR) AS event_id,  -- The event's id.
    CAST(NULL AS TIMESTAMP) AS changed_at,  -- When, UTC.
    CAST(NULL AS VARCHAR) AS action,  -- added, removed or checkout.
    CAST(NULL AS VARCHAR) AS product_id,  -- The product; null at the checkout.
    CAST(NULL AS VARCHAR) AS name,  -- Name as shown.
    CAST(NULL AS VARCHAR) AS category,  -- Category path.
    CAST(NULL AS BIGINT) AS quantity,  -- Number of pieces, where the tracker says.
    CAST(NULL AS DECIMAL(18,3)) AS price,  -- Price of one piece as shown, VAT included.
    CAST(NULL AS VARCHAR) AS currency,  -- Currency of the price, ISO 4217.
    CAST(NULL AS VARCHAR) AS device_id  -- The browser or app.
