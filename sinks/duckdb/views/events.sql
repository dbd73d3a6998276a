-- Every event of any type, one narrow row each, with the customer it belongs to now.
SELECT
    event.landed_seq AS landed_seq, -- Number in the order of landing; joins the typed tables.
    event.event_type AS event_type, -- channel/source/event; its typed table is channel_source.event.
    regexp_extract(event.event_type, '^(.*)/[^/]*$', 1) AS source, -- channel/source.
    event.event_id AS event_id, -- The event's own id, unique within its type.
    event.occurred_at AS occurred_at, -- When it happened, UTC.
    event.received_at AS received_at, -- When it was appended to the log, UTC.
    event.landed_at AS landed_at, -- When it landed here, UTC: since then it was known.
    owner.customer AS customer_id, -- Customer now; null if every identifier is blocked.
    event.node AS node, -- Its anchor: the strongest identifier that it names.
    event.nodes AS nodes -- Every identifier that it names.
FROM ops.event AS event
LEFT JOIN identity.node AS owner USING (node)
