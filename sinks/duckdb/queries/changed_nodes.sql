-- The identifiers of every customer that has changed since remember.sql, with their customers of then and now.
WITH owned AS (
    SELECT coalesce(was.node, now.node) AS node, was.customer AS before, now.customer AS after
    FROM node_before AS was
    FULL JOIN identity.node AS now ON now.node = was.node
),
changed AS (
    SELECT unnest([before, after]) AS customer FROM owned WHERE before IS DISTINCT FROM after
)
SELECT text.kind, text.value, owned.before, owned.after
FROM owned
JOIN identity.identifier AS text USING (node)
JOIN identity.kind AS kind USING (kind)
WHERE before IN (FROM changed) OR after IN (FROM changed)
ORDER BY kind.rank, text.value
