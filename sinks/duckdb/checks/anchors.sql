-- Every event's anchor is a known node, the same in spine and typed table.
SELECT event.event_type || ' ' || event.event_id || ' has an anchor that is not known' AS what
FROM ops.event AS event
ANTI JOIN identity.node AS node USING (node)
WHERE event.node IS NOT NULL
UNION ALL
SELECT event.event_type || ' ' || event.event_id || ' has another anchor in its typed table'
FROM ops.event AS event
JOIN (
{typed}
) AS typed ON typed.landed_seq = event.landed_seq AND typed.event_type = event.event_type
WHERE typed.node IS DISTINCT FROM event.node
UNION ALL
SELECT event_type || ' ' || event_id || ' does not name its own anchor'
FROM ops.event
WHERE node IS NOT NULL AND NOT coalesce(list_contains(nodes, node), false)
