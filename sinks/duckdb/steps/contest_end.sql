-- What is no news leaves the batch.
DELETE FROM batch_event WHERE landed_seq IN (FROM duplicate UNION ALL FROM lost);
DELETE FROM mention WHERE landed_seq IN (FROM duplicate UNION ALL FROM lost);
DELETE FROM contact WHERE landed_seq IN (FROM duplicate UNION ALL FROM lost);
