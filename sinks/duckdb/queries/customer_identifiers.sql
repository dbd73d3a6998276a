-- Every identifier of one customer ($customer), strongest kind first.
SELECT
    found.kind, found.value, found.first_seen_at, found.last_seen_at, found.events, found.shared, kind.hub AS most,
    found.node
FROM identifiers AS found
JOIN identity.kind AS kind USING (kind)
WHERE found.customer_id = $customer
ORDER BY kind.rank, found.first_seen_at, found.value
