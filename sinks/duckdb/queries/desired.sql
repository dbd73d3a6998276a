-- The contact points that a destination should hold: of members of its segment ($segment) who are in none of the
-- excluded ones ($exclude), those of its kind ($kind) that consented to its purpose ($purpose).
WITH member AS (
    SELECT customer_id, reason FROM segment.membership
    WHERE until IS NULL AND segment = $segment
    AND customer_id NOT IN (
        SELECT customer_id FROM segment.membership WHERE until IS NULL AND list_contains($exclude::VARCHAR[], segment)
    )
),
customer AS (
    FROM ({customers})
)
SELECT consent.contact, to_json({fields})::VARCHAR AS fields
FROM member
JOIN consents AS consent USING (customer_id)
JOIN customer USING (customer_id)
WHERE consent.contact_kind = $kind AND consent.purpose = $purpose AND consent.status = 'granted'
