-- Every event has its row in its typed table, with the same id and time.
SELECT
    event.event_type || ' ' || event.event_id
    || if(typed.landed_seq IS NULL, ' has no row in its typed table', ' differs from its row in the typed table')
    AS what
FROM ops.event AS event
LEFT JOIN (
{typed}
) AS typed ON typed.landed_seq = event.landed_seq AND typed.event_type = event.event_type
WHERE typed.landed_seq IS NULL OR typed.event_id <> event.event_id OR typed.occurred_at <> event.occurred_at
