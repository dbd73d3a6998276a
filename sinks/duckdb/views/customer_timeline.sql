-- Everything that happened with a customer, event by event.
SELECT
    owner.customer AS customer_id, -- Customer now.
    said.occurred_at AS occurred_at, -- When it happened, UTC.
    split_part(said.event_type, '/', 1) AS channel, -- shop, web, crm, social ...
    said.event_type AS event_type, -- channel/source/event.
    said.what AS what, -- The kind of event in words.
    said.details AS details, -- The event's own fields as JSON.
    said.event_id AS event_id, -- The event's id.
    said.landed_seq AS landed_seq -- Joins events.
FROM (
{events}
) AS said
JOIN identity.node AS owner USING (node)
