-- One article of an order that was placed.
SELECT
    CAST(NULL AS VARCHAR) AS order_id,  -- Order number.
    CAST(NULL AS VARCHAR) AS line_id,  -- Id of the line within the order.
    CAST(NULL AS TIMESTAMP) AS placed_at,  -- When the order was placed, UTC.
    CAST(NULL AS VARCHAR) AS product_id,  -- The product's id in the shop.
    CAST(NULL AS VARCHAR) AS sku,  -- Stock keeping unit.
    CAST(NULL AS VARCHAR) AS name,  -- Name of the product as sold.
    CAST(NULL AS VARCHAR) AS brand,  -- Brand or maker.
    CAST(NULL AS VARCHAR) AS category,  -- Category path in the shop.
    CAST(NULL AS BIGINT) AS quantity,  -- Number of pieces ordered.
    CAST(NULL AS BIGINT) AS returned,  -- Number of pieces that came back.
    CAST(NULL AS DECIMAL(18,3)) AS unit_price,  -- Price of one piece including VAT, before discounts.
    CAST(NULL AS DECIMAL(18,3)) AS discount,  -- Discount on the line.
    CAST(NULL AS DECIMAL(18,3)) AS tax,  -- VAT contained in total.
    CAST(NULL AS DECIMAL(18,3)) AS total,  -- What the line costs.
    CAST(NULL AS VARCHAR) AS currency  -- Currency of all money in the row, ISO 4217.
