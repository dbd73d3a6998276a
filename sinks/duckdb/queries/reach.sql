-- How many of a segment's members ($segment) a destination reaches: excluded ones ($exclude), those who consented
-- to the purpose ($purpose) with any contact point, and contact points of its kind ($kind).
WITH member AS (
    SELECT
        customer_id,
        customer_id IN (
            SELECT customer_id FROM segment.membership
            WHERE until IS NULL AND list_contains($exclude::VARCHAR[], segment)
        ) AS excluded
    FROM segment.membership
    WHERE until IS NULL AND segment = $segment
),
agreed AS (
    SELECT member.customer_id, consent.contact_kind, consent.contact
    FROM member
    JOIN consents AS consent USING (customer_id)
    WHERE NOT member.excluded AND consent.purpose = $purpose AND consent.status = 'granted'
)
SELECT
    (SELECT count(*) FROM member) AS matched,
    (SELECT count(*) FROM member WHERE excluded) AS excluded,
    (SELECT count(DISTINCT customer_id) FROM agreed) AS consented,
    (SELECT count(*) FROM agreed WHERE contact_kind = $kind) AS reachable;
