-- Which life of each topic of a log ($log) the positions were taken from, where it is known.
SELECT topic, partition, life FROM ops.position WHERE log_id = $log AND life IS NOT NULL ORDER BY topic, partition
