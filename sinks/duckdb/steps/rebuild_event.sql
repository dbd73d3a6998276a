-- The spine again, with the times of landing that it had.
INSERT INTO ops.event BY NAME
SELECT batch.* EXCLUDE (record), known.landed_at
FROM batch_event AS batch
JOIN the_old_store.ops.event AS known USING (landed_seq);
