-- Every two identifiers that events name together, of which at least one belongs to a customer ($customer), the
-- stronger kind first: what came of it, and the first event that names both.
WITH edge AS (
    SELECT
        if(theirs_kind.rank < mine_kind.rank, link.b, link.a) AS a,
        if(theirs_kind.rank < mine_kind.rank, link.a, link.b) AS b,
        if(theirs_kind.rank < mine_kind.rank, theirs.customer, mine.customer) AS customer_a,
        if(theirs_kind.rank < mine_kind.rank, mine.customer, theirs.customer) AS customer_b,
        link.outcome,
        link.strength,
        link.first_seen
    FROM identity.edge AS link
    JOIN identity.node AS mine ON mine.node = link.a
    JOIN identity.node AS theirs ON theirs.node = link.b
    JOIN identity.kind AS mine_kind ON mine_kind.kind = mine.kind
    JOIN identity.kind AS theirs_kind ON theirs_kind.kind = theirs.kind
    WHERE mine.customer = $customer OR theirs.customer = $customer
),
named AS (
    SELECT event_type, event_id, occurred_at, node AS anchor, unnest(nodes) AS other
    FROM ops.event
    WHERE
        node IN (SELECT a FROM edge UNION SELECT b FROM edge)
        AND NOT starts_with(event_type, 'own/rundum/')
),
first AS (
    SELECT
        least(named.anchor, named.other) AS a,
        greatest(named.anchor, named.other) AS b,
        arg_min(
            {'event_type': event_type, 'event_id': event_id, 'occurred_at': occurred_at},
            (occurred_at, event_type, event_id)
        ) AS event,
        count(*) AS events
    FROM named
    WHERE named.anchor <> named.other
    GROUP BY ALL
)
SELECT
    one.kind AS kind_a, one.value AS value_a, other.kind AS kind_b, other.value AS value_b, edge.outcome,
    edge.strength, edge.first_seen, first.events, first.event.event_type AS event_type,
    first.event.event_id AS event_id, first.event.occurred_at AS occurred_at, edge.customer_a, edge.customer_b,
    edge.a AS node_a, edge.b AS node_b
FROM edge
JOIN identity.identifier AS one ON one.node = edge.a
JOIN identity.identifier AS other ON other.node = edge.b
LEFT JOIN first ON first.a = least(edge.a, edge.b) AND first.b = greatest(edge.a, edge.b)
ORDER BY edge.first_seen, kind_a, value_a, kind_b, value_b
