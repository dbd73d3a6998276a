-- Of whom the batch says something: the identifiers that it names or moves, that were derived again, and the
-- customers that are none any more.
CREATE OR REPLACE TEMP TABLE affected AS
SELECT node FROM mentioned
UNION
SELECT node FROM reassigned
UNION
SELECT customer FROM identity.assignment WHERE known_to = $landed_at::TIMESTAMP;

INSERT INTO segment.touched BY NAME SELECT node, $landed_at::TIMESTAMP AS landed_at FROM affected;
