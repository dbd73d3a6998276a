-- The edges whose outcome has changed since remember.sql; null where there was or is none.
SELECT
    one.kind AS kind_a, one.value AS value_a, other.kind AS kind_b, other.value AS value_b, was.outcome AS before,
    now.outcome AS after
FROM edge_before AS was
FULL JOIN identity.edge AS now ON now.a = was.a AND now.b = was.b
JOIN identity.identifier AS one ON one.node = coalesce(was.a, now.a)
JOIN identity.identifier AS other ON other.node = coalesce(was.b, now.b)
WHERE was.outcome IS DISTINCT FROM now.outcome
ORDER BY kind_a, value_a, kind_b, value_b
