-- The lines of each order as last stated, with the pieces that came back; a return without lines is of all.
WITH placed AS (
    SELECT *, min(occurred_at) OVER (PARTITION BY order_id) AS placed_at
    FROM shop_standard.order_placed
    QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY occurred_at DESC, event_id DESC) = 1
),
line AS (
    SELECT node, order_id, placed_at, currency, unnest(lines, recursive := true) FROM placed
),
arrival AS (
    SELECT order_id, lines
    FROM shop_standard.order_returned
    QUALIFY row_number() OVER (PARTITION BY order_id, return_id ORDER BY occurred_at DESC, event_id DESC) = 1
),
emptied AS (
    SELECT DISTINCT order_id FROM arrival WHERE len(lines) = 0
),
returned AS (
    SELECT order_id, piece.line_id, sum(piece.quantity) AS quantity
    FROM arrival, unnest(lines) AS each(piece)
    GROUP BY ALL
)
SELECT
    line.node,
    order_id,
    line_id,
    line.placed_at,
    line.product_id,
    line.sku,
    line.name,
    line.brand,
    line.category,
    line.quantity,
    CASE
        WHEN emptied.order_id IS NOT NULL THEN line.quantity
        ELSE TRY_CAST(coalesce(returned.quantity, 0) AS BIGINT)
    END AS returned,
    major(line.unit_price_minor, line.currency) AS unit_price,
    major(line.discount_minor, line.currency) AS discount,
    major(line.tax_minor, line.currency) AS tax,
    major(line.total_minor, line.currency) AS total,
    line.currency
FROM line
LEFT JOIN returned USING (order_id, line_id)
LEFT JOIN emptied USING (order_id)
