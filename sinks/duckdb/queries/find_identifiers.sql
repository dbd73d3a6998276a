-- Those of the identifiers ($kinds and $values, pair by pair) that any event has named, strongest kind first.
SELECT text.node, text.kind, text.value, text.blocked, owner.customer AS customer_id
FROM identity.identifier AS text
JOIN (SELECT unnest($kinds) AS kind, unnest($values) AS value) AS wanted USING (kind, value)
JOIN identity.kind AS kind USING (kind)
LEFT JOIN identity.node AS owner USING (node)
ORDER BY kind.rank
