-- The fresh events join the spine.
INSERT INTO ops.event BY NAME
SELECT * EXCLUDE (record), $landed_at::TIMESTAMP AS landed_at FROM batch_event;
