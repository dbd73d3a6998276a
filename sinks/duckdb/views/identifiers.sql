-- Every identifier that may join, with the customer it belongs to now.
SELECT
    node.customer AS customer_id, -- Customer now.
    node.kind AS kind, -- Kind of identifier.
    text.value AS value, -- The normalised value.
    kind.person AS person, -- Whether the kind names a person.
    node.first_seen AS first_seen_at, -- Earliest event that names it, UTC.
    node.last_seen AS last_seen_at, -- Latest event that names it, UTC.
    node.events AS events, -- Events that hang on it.
    node.hub >= 0 AS shared, -- Whether too many share it, so that it joins nobody (up to some trust).
    node.node AS node -- Its node id; every node id stays a valid alias of the customer.
FROM identity.node AS node
JOIN identity.identifier AS text USING (node)
JOIN identity.kind AS kind ON kind.kind = node.kind
