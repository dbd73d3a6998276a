-- The identifiers of every customer that changed with what landed at a time ($at), with their customers before
-- and after.
WITH was AS (
    SELECT node, customer FROM identity.assignment WHERE known_from < $at AND (known_to >= $at OR known_to IS NULL)
),
now AS (
    SELECT node, customer FROM identity.assignment WHERE known_from <= $at AND (known_to > $at OR known_to IS NULL)
),
owned AS (
    SELECT coalesce(was.node, now.node) AS node, was.customer AS before, now.customer AS after
    FROM was
    FULL JOIN now ON now.node = was.node
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
