-- A visitor saw the page of a product.
SELECT
    CAST(NULL AS VARCHAR) AS event_id,  -- The event's id.
    CAST(NULL AS TIMESTAMP) AS viewed_at,  -- When, UTC.
    CAST(NULL AS VARCHAR) AS product_id,  -- The product.
    CAST(NULL AS VARCHAR) AS sku,  -- Stock keeping unit.
    CAST(NULL AS VARCHAR) AS name,  -- Name as shown.
    CAST(NULL AS VARCHAR) AS brand,  -- Brand or maker.
    CAST(NULL AS VARCHAR) AS category,  -- Category path.
    CAST(NULL AS DECIMAL(18,3)) AS price,  -- Price of one piece as shown, VAT included.
    CAST(NULL AS VARCHAR) AS currency,  -- Currency of all money in the row, ISO 4217.
    CAST(NULL AS VARCHAR) AS device_id,  -- The browser or app.
    CAST(NULL AS VARCHAR) AS url  -- Address of the page.
