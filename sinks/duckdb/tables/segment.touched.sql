-- Identifiers about which something landed that segments have not looked at yet; deleted once they have.
CREATE TABLE segment.touched (
    node UUID NOT NULL, -- Node id; also a customer that is none any more.
    landed_at TIMESTAMP NOT NULL -- When it landed, UTC.
);
