-- Every source with its terms, how many events came from it, the last of them, and how many landed in the hour
-- and the seven days before $now.
WITH told AS (
    SELECT
        regexp_extract(event_type, '^(.*)/[^/]*$', 1) AS source,
        count(*) AS events,
        max(occurred_at) AS occurred_at,
        max(landed_at) AS landed_at,
        count(*) FILTER (landed_at > $now::TIMESTAMP - INTERVAL 1 HOUR) AS last_hour,
        count(*) FILTER (landed_at > $now::TIMESTAMP - INTERVAL 7 DAY) AS last_week
    FROM ops.event
    GROUP BY ALL
)
SELECT
    source.source, source.title, source.owner, source.contact, source.purpose, source.legal_basis,
    source.retention, source.trust, source.topic, coalesce(told.events, 0) AS events,
    told.occurred_at AS last_occurred_at, told.landed_at AS last_landed_at,
    round(coalesce(told.last_hour, 0) / 60, 2)::DECIMAL(18, 2) AS per_minute,
    round(coalesce(told.last_week, 0) / 7, 2)::DECIMAL(18, 2) AS per_day
FROM ops.source AS source
LEFT JOIN told USING (source)
ORDER BY source.source
