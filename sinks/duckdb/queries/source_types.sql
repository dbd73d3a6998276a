-- The event types of every source with the version of their contract in this store, how many events there are,
-- and how many copies with another content lost against one of them.
WITH told AS (
    SELECT event_type, count(*) AS events FROM ops.event GROUP BY ALL
),
lost AS (
    SELECT event_type, count(*) AS conflicts FROM ops.conflict GROUP BY ALL
)
SELECT
    regexp_extract(contract.event_type, '^(.*)/[^/]*$', 1) AS source,
    contract.event_type, contract.version, coalesce(told.events, 0) AS events,
    coalesce(lost.conflicts, 0) AS conflicts
FROM ops.contract AS contract
LEFT JOIN told USING (event_type)
LEFT JOIN lost USING (event_type)
ORDER BY contract.event_type
