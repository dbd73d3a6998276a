-- Whose each node is, as known from now on. Rows that no longer hold are closed, never changed.
CREATE OR REPLACE TEMP TABLE reassigned AS
SELECT changed.node, now.customer
FROM (SELECT DISTINCT node FROM moved) AS changed
LEFT JOIN identity.node AS now USING (node);

DELETE FROM reassigned
USING identity.assignment AS known
WHERE known.node = reassigned.node AND known.known_to IS NULL AND known.customer = reassigned.customer;

UPDATE identity.assignment AS known
SET known_to = $landed_at::TIMESTAMP
FROM reassigned
WHERE known.node = reassigned.node AND known.known_to IS NULL;

INSERT INTO identity.assignment BY NAME
SELECT node, customer, $landed_at::TIMESTAMP AS known_from
FROM reassigned
WHERE customer IS NOT NULL
UNION ALL BY NAME
SELECT node, now.customer, $landed_at::TIMESTAMP AS known_from
FROM appeared
JOIN identity.node AS now USING (node)
ANTI JOIN moved USING (node);
