-- What each contact point of one customer ($customer) has consented to, and the event that proves it.
SELECT
    contact_kind, contact, purpose, status, granted_at, withdrawn_at, requested_at,
    nullif(split_part(coalesce(proof, ''), ' ', 1), '') AS proof_type,
    nullif(substr(proof, strpos(proof, ' ') + 1), '') AS proof_id
FROM consents
WHERE customer_id = $customer
ORDER BY contact_kind, contact, purpose
