-- owner: marketing
-- description: Share of the persons known at the end of the period of whom a contact point has a consent
--   granted, by purpose; 'any' is at least one purpose. Of a consent that was given again only the last time
--   is known.
-- unit: share
-- value: ratio
WITH person AS (
    SELECT customer_id, first_seen_at FROM customers WHERE kind = 'person'
),
consent AS (
    SELECT
        customer_id,
        purpose,
        granted_at,
        CASE WHEN withdrawn_at >= granted_at THEN withdrawn_at END AS ended_at
    FROM consents
    SEMI JOIN person USING (customer_id)
    WHERE granted_at IS NOT NULL
),
purpose AS (
    SELECT DISTINCT purpose FROM consents
    UNION
    SELECT 'any'
)
SELECT
    first_seen_at AS occurred_at,
    NULL::TIMESTAMP AS ended_at,
    false AS numerator,
    1 AS denominator,
    customer_id AS subject,
    purpose AS series
FROM person
CROSS JOIN purpose
UNION ALL
SELECT granted_at, ended_at, true, 1, customer_id, unnest([purpose, 'any'])
FROM consent
