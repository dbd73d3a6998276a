-- The edges whose outcome has changed since remember.sql, the stronger kind first; null where there is no edge.
WITH changed AS (
    SELECT coalesce(was.a, now.a) AS a, coalesce(was.b, now.b) AS b, was.outcome AS before, now.outcome AS after
    FROM edge_before AS was
    FULL JOIN identity.edge AS now ON now.a = was.a AND now.b = was.b
    WHERE was.outcome IS DISTINCT FROM now.outcome
),
side AS (
    SELECT changed.a, changed.b, text.kind, text.value, kind.rank
    FROM changed
    JOIN identity.identifier AS text ON text.node IN (changed.a, changed.b)
    JOIN identity.kind AS kind USING (kind)
)
SELECT
    one.kind AS kind_a, one.value AS value_a, other.kind AS kind_b, other.value AS value_b, changed.before,
    changed.after
FROM changed
JOIN side AS one ON one.a = changed.a AND one.b = changed.b
JOIN side AS other ON other.a = changed.a AND other.b = changed.b
WHERE (one.rank, one.value) < (other.rank, other.value)
ORDER BY one.rank, one.value, other.rank, other.value
