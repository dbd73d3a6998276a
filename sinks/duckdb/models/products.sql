-- A product as one source knows it; customer_id is null, for a product belongs to nobody.
SELECT
    CAST(NULL AS VARCHAR) AS product_id,  -- The product's id in the shop.
    CAST(NULL AS VARCHAR) AS source,  -- Who says so: shop/standard (it was sold), web/tracking (it was shown).
    CAST(NULL AS VARCHAR) AS sku,  -- Stock keeping unit last seen.
    CAST(NULL AS VARCHAR) AS name,  -- Name last seen.
    CAST(NULL AS VARCHAR) AS brand,  -- Brand last seen.
    CAST(NULL AS VARCHAR) AS category,  -- Category path last seen.
    CAST(NULL AS DECIMAL(18,3)) AS price,  -- Price of one piece last seen, VAT included.
    CAST(NULL AS VARCHAR) AS currency,  -- Currency of the price, ISO 4217.
    CAST(NULL AS TIMESTAMP) AS first_seen_at,  -- First event that names it, UTC.
    CAST(NULL AS TIMESTAMP) AS last_seen_at  -- Last event that names it, UTC.
