-- Identifiers that one customer's ($customer) events name and that join nobody, with the decision that blocks
-- them where people have taken one.
WITH named AS (
    SELECT unnest(event.nodes) AS node, event.occurred_at
    FROM ops.event AS event
    JOIN identity.node AS owner USING (node)
    WHERE owner.customer = $customer
)
SELECT
    text.kind, text.value, text.blocked, min(named.occurred_at) AS first_seen_at,
    max(named.occurred_at) AS last_seen_at, count(*) AS events, any_value(said.reason) AS reason,
    any_value(said.actor) AS actor, any_value(said.occurred_at) AS decided_at, text.node
FROM named
JOIN identity.identifier AS text USING (node)
JOIN identity.kind AS kind USING (kind)
LEFT JOIN identity.block AS word USING (node)
LEFT JOIN own_rundum.identifier_blocked AS said ON said.event_id = word.event_id AND word.blocked
WHERE text.blocked IS NOT NULL
GROUP BY text.kind, text.value, text.blocked, text.node, kind.rank
ORDER BY kind.rank, text.value
