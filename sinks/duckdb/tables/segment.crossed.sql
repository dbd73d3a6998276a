-- How far the events have been looked through for blocked numbers; one row at most.
CREATE TABLE segment.crossed (
    landed_seq BIGINT NOT NULL -- Number of the last event.
);
