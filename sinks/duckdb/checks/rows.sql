-- Every row of a typed table is an event of the spine, once.
SELECT typed.event_type || ' ' || typed.event_id || ' is not in the spine (ops.event)' AS what
FROM (
{typed}
) AS typed
ANTI JOIN ops.event AS event ON event.landed_seq = typed.landed_seq AND event.event_type = typed.event_type
UNION ALL
SELECT event_type || ' ' || any_value(event_id) || ' has ' || count(*) || ' rows'
FROM (
{typed}
)
GROUP BY event_type, landed_seq
HAVING count(*) > 1
