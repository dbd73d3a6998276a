-- What people have decided about destinations, the latest word of each kind: approve, resync, and pause or resume.
WITH word AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY destination, CASE decision WHEN 'resume' THEN 'pause' ELSE decision END
            ORDER BY occurred_at DESC, event_id DESC
        ) AS place
    FROM own_rundum.destination_decided
)
SELECT
    destination AS destination, -- Name of the destination.
    decision AS decision, -- approve, pause, resume or resync.
    "rows" AS "rows", -- Of an approval: how many contact points the change had at most.
    occurred_at AS decided_at, -- When, by the clock of who decided, UTC.
    landed_at AS heard_at, -- When it landed here, UTC.
    event_id AS event_id, -- The event.
    actor AS actor, -- Who decided.
    reason AS reason -- Why.
FROM word
WHERE place = 1
