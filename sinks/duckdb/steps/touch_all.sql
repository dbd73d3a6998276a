-- Everybody is to be looked at again.
INSERT INTO segment.touched
SELECT known.component, meta.value::TIMESTAMP
FROM (SELECT DISTINCT component FROM identity.node) AS known, ops.meta AS meta
WHERE meta.key = 'landed_at';
