-- Of whom a look at all has changed a computed trait: live segments may read it.
INSERT INTO segment.touched BY NAME
SELECT customer_id AS node, $landed_at::TIMESTAMP AS landed_at
FROM (
    SELECT customer_id FROM stale
    UNION
    SELECT customer_id FROM profile.computed WHERE trait = $trait AND computed_for = $now::TIMESTAMP
);
