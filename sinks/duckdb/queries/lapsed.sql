-- Items of a delivery ($delivery) that must not go any more: the consent to the purpose ($purpose) is gone.
SELECT item.place
FROM activation.item AS item
WHERE item.delivery_id = $delivery AND item.outcome IS NULL AND item.action <> 'remove'
    AND item.contact NOT IN (
        SELECT contact FROM consents
        WHERE contact_kind = $kind AND purpose = $purpose AND status = 'granted'
    )
