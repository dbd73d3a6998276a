-- How far each partition of each log has landed. Written in the transaction of the rows it stands for.
CREATE TABLE ops.position (
    log_id VARCHAR NOT NULL, -- Id of the log: of the SQLite file, or of the Kafka cluster.
    topic VARCHAR NOT NULL, -- Topic of the log.
    partition INTEGER NOT NULL, -- Partition of the topic.
    next_offset BIGINT NOT NULL, -- The offset to go on from; everything below has landed or was rejected.
    life VARCHAR -- The topic's own id, where the log tells one: a topic made anew has another.
);
