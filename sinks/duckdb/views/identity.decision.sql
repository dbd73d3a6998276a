-- Why two identifiers are one customer, or why not: the outcome of every edge and every constraint.
SELECT
    one.kind AS kind_a, -- Kind of one identifier.
    one.value AS value_a, -- The identifier.
    other.kind AS kind_b, -- Kind of the other.
    other.value AS value_b, -- The other identifier.
    edge.outcome AS outcome, -- joined, within (were one already), hub, browser, cannot, limit:kind, window:kind.
    CASE split_part(edge.outcome, ':', 1)
        WHEN 'joined' THEN 'an event names both'
        WHEN 'within' THEN 'an event names both, and stronger links had joined them already'
        WHEN 'hub' THEN 'one of them is shared by too many people'
        WHEN 'browser' THEN 'only a browser says so, and both sides are known people'
        WHEN 'cannot' THEN 'people have decided that they are not the same'
        WHEN 'limit' THEN 'one customer would hold too many of ' || split_part(edge.outcome, ':', 2)
        WHEN 'window' THEN 'too many of ' || split_part(edge.outcome, ':', 2) || ' would appear within days'
    END AS reason, -- The outcome in words.
    edge.strength AS strength, -- The greatest trust of an event that names both.
    edge.first_seen AS first_seen, -- Earliest event that names both, UTC.
    mine.customer AS customer_a, -- Customer of one.
    theirs.customer AS customer_b, -- Customer of the other.
    edge.a AS node_a, -- Node of one.
    edge.b AS node_b -- Node of the other.
FROM identity.edge AS edge
JOIN identity.identifier AS one ON one.node = edge.a
JOIN identity.identifier AS other ON other.node = edge.b
JOIN identity.node AS mine ON mine.node = edge.a
JOIN identity.node AS theirs ON theirs.node = edge.b
UNION ALL
SELECT
    one.kind,
    one.value,
    other.kind,
    other.value,
    link.verdict || ':' || link.outcome,
    'people have decided: ' || link.verdict,
    3,
    link.occurred_at,
    mine.customer,
    theirs.customer,
    link.a,
    link.b
FROM identity.constraint AS link
LEFT JOIN identity.identifier AS one ON one.node = link.a
LEFT JOIN identity.identifier AS other ON other.node = link.b
LEFT JOIN identity.node AS mine ON mine.node = link.a
LEFT JOIN identity.node AS theirs ON theirs.node = link.b
