-- Every contract gets a number, from 1: how often its schema has changed in this store. The store notes which
-- log it is fed from.
ALTER TABLE ops.contract ADD COLUMN version INTEGER DEFAULT 1;
ALTER TABLE ops.contract ALTER COLUMN version SET NOT NULL;
ALTER TABLE ops.contract ALTER COLUMN version DROP DEFAULT;
INSERT INTO ops.meta
SELECT 'log_id', any_value(log_id)
FROM ops.position
WHERE NOT EXISTS (FROM ops.meta WHERE key = 'log_id')
HAVING count(DISTINCT log_id) = 1;
