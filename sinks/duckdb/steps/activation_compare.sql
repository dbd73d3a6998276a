-- What a destination should hold against what it will hold once everything under way has arrived.
CREATE OR REPLACE TEMP TABLE expected AS
WITH known AS (
    SELECT item.*, delivery.number, delivery.sent_at
    FROM activation.item AS item
    JOIN activation.delivery AS delivery USING (delivery_id)
    WHERE item.destination = $destination
),
withdrawal AS ( -- which overtakes what was decided before it
    SELECT contact, max(number) AS number
    FROM known
    WHERE withdrawn AND outcome IS DISTINCT FROM 'dropped'
    GROUP BY contact
),
last AS (
    SELECT
        known.contact,
        arg_max(known.action, (known.number, known.place)) AS action,
        arg_max(known.fields, (known.number, known.place)) AS fields
    FROM known
    LEFT JOIN withdrawal ON withdrawal.contact = known.contact
    WHERE known.sent_at IS NULL AND known.outcome IS NULL AND known.number >= coalesce(withdrawal.number, 0)
    GROUP BY known.contact
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
        coalesce(desired.fields, '{}') AS fields,
        desired.fields IS DISTINCT FROM expected.fields
            OR desired.contact IS NULL OR expected.contact IS NULL AS is_change
    FROM desired
    FULL JOIN expected ON expected.contact = desired.contact
    WHERE is_change OR $again::BOOLEAN
),
last AS ( -- the latest word to each contact point that has an answer
    SELECT
        item.contact,
        arg_max(item.outcome, (delivery.number, item.place)) AS outcome,
        arg_max(item.action, (delivery.number, item.place)) AS action,
        arg_max(item.fields, (delivery.number, item.place)) AS fields,
        arg_max(delivery.decided_at, (delivery.number, item.place)) AS decided_at
    FROM activation.item AS item
    JOIN activation.delivery AS delivery USING (delivery_id)
    WHERE item.destination = $destination AND item.outcome IN ('taken', 'refused')
    GROUP BY item.contact
),
told AS ( -- whom the tool may know of
    SELECT contact FROM activation.holding WHERE destination = $destination
    UNION
    SELECT item.contact
    FROM activation.item AS item
    JOIN activation.delivery AS delivery USING (delivery_id)
    WHERE item.destination = $destination AND item.outcome IS NULL AND delivery.attempts > 0
),
consent AS (
    SELECT contact, bool_or(status = 'granted') AS is_granted, max(withdrawn_at) AS withdrawn_at
    FROM consents
    WHERE contact_kind = $kind AND purpose = $purpose
    GROUP BY contact
),
unseen AS ( -- those of whom something landed that segments have not looked at yet: memberships may be to come
    SELECT DISTINCT node.component
    FROM segment.touched AS touched
    JOIN identity.node AS node USING (node)
),
unsettled AS (
    SELECT text.value AS contact
    FROM identity.identifier AS text
    JOIN identity.node AS node USING (node)
    JOIN unseen USING (component)
    WHERE text.kind = $kind
),
judged AS (
    SELECT
        met.*,
        met.action = 'remove' AND consent.is_granted IS NOT TRUE AS withdrawn,
        last.outcome = 'refused' AND last.action = met.action AND last.fields = met.fields
            AND coalesce(consent.withdrawn_at, '-infinity') <= last.decided_at AND NOT $again::BOOLEAN
            AS refused
    FROM met
    LEFT JOIN consent ON consent.contact = met.contact
    LEFT JOIN last ON last.contact = met.contact
)
SELECT
    contact, action, fields, is_change, withdrawn,
    withdrawn OR NOT is_change OR contact NOT IN (SELECT contact FROM unsettled) AS is_settled
FROM judged
WHERE refused IS NOT TRUE AND (NOT withdrawn OR contact IN (SELECT contact FROM told));
