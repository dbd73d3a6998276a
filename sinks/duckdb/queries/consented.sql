-- The contact points of a kind ($kind) that have consented to a purpose ($purpose), whoever they are.
SELECT DISTINCT contact, '{}' AS fields
FROM consents
WHERE contact_kind = $kind AND purpose = $purpose AND status = 'granted'
