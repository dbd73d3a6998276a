-- What became of the records from $starts to before $ends of some partitions ($topics, $partitions) that landed
-- after $since: an older log can have had the same places.
WITH span AS (
    SELECT
        unnest($topics) AS topic, unnest($partitions) AS partition, unnest($starts) AS first,
        unnest($ends) AS beyond
),
outcome AS (
    SELECT 'landed' AS what, topic, partition, "offset", landed_at FROM ops.event
    UNION ALL
    SELECT 'superseded', topic, partition, "offset", landed_at FROM ops.conflict
    UNION ALL
    SELECT 'rejected', topic, partition, "offset", landed_at FROM ops.rejected
),
counted AS (
    SELECT
        count(*) FILTER (what = 'landed') AS landed,
        count(*) FILTER (what = 'superseded') AS superseded,
        count(*) FILTER (what = 'rejected') AS rejected
    FROM outcome
    JOIN span USING (topic, partition)
    WHERE outcome."offset" >= span.first AND outcome."offset" < span.beyond
        AND outcome.landed_at > $since::TIMESTAMP
)
SELECT
    *,
    (SELECT coalesce(sum(beyond - first), 0) FROM span)::BIGINT - landed - superseded - rejected AS duplicate
FROM counted
