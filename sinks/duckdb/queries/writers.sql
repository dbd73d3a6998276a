-- The schemas that the registry of a log ($log) told.
SELECT schema_id, schema FROM ops.writer WHERE log_id = $log ORDER BY schema_id
