-- The surviving value of each trait of each customer, and where it comes from.
WITH said AS (
    SELECT
        node.customer,
        trait.*,
        coalesce(rule.rule, 'most_trusted') AS rule,
        CASE WHEN coalesce(rule.rule, 'most_trusted') = 'most_trusted' THEN trait.strength ELSE 0 END AS weight
    FROM profile.trait AS trait
    JOIN identity.node AS node USING (node)
    LEFT JOIN profile.rule AS rule USING (trait)
),
ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY customer, trait
            ORDER BY weight DESC, occurred_at DESC, sequence DESC, event_type DESC, event_id DESC, value DESC, node
        ) AS place
    FROM said
    WHERE rule <> 'earliest'
    UNION ALL
    SELECT
        *,
        row_number() OVER (
            PARTITION BY customer, trait
            ORDER BY occurred_at, sequence, event_type, event_id, value, node
        ) AS place
    FROM said
    WHERE rule = 'earliest'
)
SELECT
    customer AS customer_id, -- Customer now.
    trait AS trait, -- Name of the trait.
    value AS value, -- The value as text.
    rule AS rule, -- Why this value: most_recent, most_trusted, earliest, or computed by a definition.
    source AS source, -- channel/source that said it; traits/<name> if it is computed.
    strength AS strength, -- How far the field is trusted; null if it is computed.
    occurred_at AS occurred_at, -- When it was said, or the time that it was computed for, UTC.
    event_type AS event_type, -- The event that said it; null if it is computed.
    event_id AS event_id -- Its id; null if it is computed.
FROM ranked
WHERE place = 1 AND value <> ''
UNION ALL
SELECT customer_id, trait, value, 'computed', 'traits/' || trait, NULL, computed_for, NULL, NULL
FROM profile.computed
