-- What each contact point has consented to. Consent stays with the contact point: a merge never widens it.
WITH word AS (
    SELECT
        node,
        purpose,
        max(occurred_at) FILTER (status = 'granted') AS granted_at,
        max(occurred_at) FILTER (status = 'withdrawn') AS withdrawn_at,
        max(occurred_at) FILTER (status = 'requested') AS requested_at,
        max(occurred_at) FILTER (status = 'unproven') AS claimed_at,
        max(event_type || ' ' || event_id) FILTER (status = 'granted') AS proof
    FROM profile.consent
    GROUP BY node, purpose
)
SELECT
    node.customer AS customer_id, -- Customer now.
    node.kind AS contact_kind, -- email or phone.
    text.value AS contact, -- The contact point that the consent binds to.
    word.purpose AS purpose, -- What for.
    CASE
        WHEN withdrawn_at >= coalesce(granted_at, '-infinity') THEN 'withdrawn'
        WHEN granted_at IS NOT NULL THEN 'granted'
        WHEN requested_at IS NOT NULL THEN 'requested'
        ELSE 'unproven'
    END AS status, -- granted, requested, withdrawn (wins at equal time), unproven (a browser's word only).
    word.granted_at AS granted_at, -- When it was granted last, UTC.
    word.withdrawn_at AS withdrawn_at, -- When it was withdrawn last, UTC.
    word.requested_at AS requested_at, -- When it was asked for last, UTC.
    word.proof AS proof -- The event that granted it.
FROM word
JOIN identity.node AS node USING (node)
JOIN identity.identifier AS text USING (node)
