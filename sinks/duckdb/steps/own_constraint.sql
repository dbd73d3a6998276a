-- What people have decided about pairs of identifiers: the latest word about each pair. Where it changed,
-- both are weighed again.
CREATE OR REPLACE TEMP TABLE constraint_next AS
SELECT
    list_min(event.nodes) AS a,
    list_max(event.nodes) AS b,
    max({'occurred_at': event.occurred_at, 'event_id': event.event_id, 'verdict': said.verdict}) AS word
FROM own_rundum.identity_constrained AS said
JOIN ops.event AS event USING (landed_seq)
WHERE len(event.nodes) = 2
GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE constraint_changed AS
SELECT coalesce(next.a, known.a) AS a, coalesce(next.b, known.b) AS b
FROM constraint_next AS next
FULL JOIN identity.constraint AS known ON known.a = next.a AND known.b = next.b
WHERE coalesce(next.word.verdict, 'none') <> coalesce(known.verdict, 'none');

INSERT INTO touched SELECT a FROM constraint_changed UNION SELECT b FROM constraint_changed;

CREATE OR REPLACE TEMP TABLE constraint_kept AS SELECT a, b, outcome FROM identity.constraint;

DELETE FROM identity.constraint;

INSERT INTO identity.constraint BY NAME
SELECT
    next.a,
    next.b,
    next.word.verdict AS verdict,
    next.word.occurred_at AS occurred_at,
    next.word.event_id AS event_id,
    coalesce(kept.outcome, 'absent') AS outcome
FROM constraint_next AS next
LEFT JOIN constraint_kept AS kept USING (a, b);
