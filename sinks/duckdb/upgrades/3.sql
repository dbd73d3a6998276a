-- Positions note which life of a topic they were taken from; writers' schemas are kept by log; what others are to
-- be told waits in an outbox.
ALTER TABLE ops.position ADD COLUMN life VARCHAR;
