-- How far each partition of a log ($log) has landed.
SELECT topic, partition, next_offset FROM ops.position WHERE log_id = $log ORDER BY topic, partition
