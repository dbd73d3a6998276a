-- Items of a delivery ($delivery) that must not go any more: the consent to the purpose ($purpose) is gone, or
-- a withdrawal that was decided later has overtaken them, after which they would come as news.
WITH later AS (
    SELECT DISTINCT item.contact
    FROM activation.item AS item
    JOIN activation.delivery AS delivery USING (delivery_id)
    JOIN activation.delivery AS this
        ON this.destination = delivery.destination AND this.number < delivery.number
    WHERE this.delivery_id = $delivery AND item.withdrawn AND item.outcome IS DISTINCT FROM 'dropped'
)
SELECT item.place, item.contact IN (SELECT contact FROM later) AS overtaken
FROM activation.item AS item
WHERE item.delivery_id = $delivery AND item.outcome IS NULL AND item.action <> 'remove' AND (
    overtaken OR item.contact NOT IN (
        SELECT contact FROM consents
        WHERE contact_kind = $kind AND purpose = $purpose AND status = 'granted'
    )
)
