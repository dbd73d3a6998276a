-- What a destination should hold against what it will hold once everything under way has arrived.
CREATE OR REPLACE TEMP TABLE expected AS
WITH last AS (
    SELECT item.contact, arg_max(item.action, (delivery.number, item.place)) AS action,
        arg_max(item.fields, (delivery.number, item.place)) AS fields
    FROM activation.item AS item
    JOIN activation.delivery AS delivery USING (delivery_id)
    WHERE item.destination = $destination AND delivery.sent_at IS NULL AND item.outcome IS NULL
    GROUP BY item.contact
)
SELECT contact, fields FROM last WHERE action <> 'remove'
UNION ALL
SELECT holding.contact, holding.fields
FROM activation.holding AS holding
ANTI JOIN last USING (contact)
WHERE holding.destination = $destination;

CREATE OR REPLACE TEMP TABLE difference AS
WITH met AS (
    SELECT
        coalesce(desired.contact, expected.contact) AS contact,
        CASE
            WHEN desired.contact IS NULL THEN 'remove'
            WHEN expected.contact IS NULL THEN 'add'
            ELSE 'update'
        END AS action,
        coalesce(desired.fields, '{}') AS fields
    FROM desired
    FULL JOIN expected ON expected.contact = desired.contact
    WHERE $again::BOOLEAN OR desired.fields IS DISTINCT FROM expected.fields
        OR desired.contact IS NULL OR expected.contact IS NULL
),
refused AS (
    SELECT DISTINCT contact, action, fields
    FROM activation.item
    WHERE destination = $destination AND outcome = 'refused' AND NOT $again::BOOLEAN
),
consented AS (
    SELECT DISTINCT contact
    FROM consents
    WHERE contact_kind = $kind AND purpose = $purpose AND status = 'granted'
)
SELECT met.*, met.action = 'remove' AND consented.contact IS NULL AS withdrawn
FROM met
LEFT JOIN consented ON consented.contact = met.contact
ANTI JOIN refused ON refused.contact = met.contact AND refused.action = met.action AND refused.fields = met.fields;
