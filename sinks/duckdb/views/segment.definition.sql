-- What every segment and computed trait is now: the latest word about each, and who said it.
WITH word AS (
    SELECT *, row_number() OVER (PARTITION BY kind, name ORDER BY occurred_at DESC, event_id DESC) AS place
    FROM own_rundum.definition_applied
)
SELECT
    kind AS kind, -- segment or trait.
    name AS name, -- Its name.
    left(sha256(text), 12) AS version, -- Tells its texts apart.
    text AS text, -- The whole file: head and SELECT.
    occurred_at AS applied_at, -- When it was decided, UTC.
    actor AS actor, -- Who decided.
    reason AS reason -- Why.
FROM word
WHERE place = 1 AND text IS NOT NULL
