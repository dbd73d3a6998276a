-- Whose the identifiers were that belong to a customer ($customer) now or did once, as we knew it.
SELECT text.kind, text.value, said.customer AS customer_id, said.known_from, said.known_to
FROM identity.assignment AS said
JOIN identity.identifier AS text USING (node)
JOIN identity.kind AS kind USING (kind)
WHERE said.node IN (
    SELECT node FROM identity.node WHERE customer = $customer
    UNION
    SELECT node FROM identity.assignment WHERE customer = $customer
)
ORDER BY said.known_from, said.customer, kind.rank, text.value
