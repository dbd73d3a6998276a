-- All contents under each contested key of one event type: those in the store, those that lost, those that
-- come in. The smallest content hash wins, whatever came first.
CREATE OR REPLACE TEMP TABLE copy AS
WITH key AS (
    SELECT DISTINCT event_id FROM contested WHERE event_type = {event_type}
),
claim AS (
    SELECT event_id, {content} AS datum, 0 AS origin, landed_seq FROM {typed} SEMI JOIN key USING (event_id)
    UNION ALL
    SELECT event_id, {content}, 2, landed_seq FROM {staged} SEMI JOIN contested USING (landed_seq)
)
SELECT
    event_id,
    content,
    origin,
    landed_seq,
    datum,
    row_number() OVER (PARTITION BY event_id, content ORDER BY origin, landed_seq) = 1 AS is_first,
    content = min(content) OVER (PARTITION BY event_id) AS wins
FROM (
    SELECT event_id, sha256(datum) AS content, origin, landed_seq, datum FROM claim
    UNION ALL
    SELECT event_id, content, 1, landed_seq, NULL FROM ops.conflict SEMI JOIN key USING (event_id)
    WHERE event_type = {event_type}
);

-- Word for word what was known.
INSERT INTO duplicate SELECT landed_seq FROM copy WHERE origin = 2 AND NOT is_first;

-- A stored content that lost to one that came in.
INSERT INTO displaced
SELECT event.landed_seq, event.nodes
FROM ops.event AS event
JOIN copy USING (landed_seq)
WHERE copy.origin = 0 AND NOT copy.wins;

INSERT INTO ops.conflict BY NAME
SELECT
    {event_type} AS event_type, event_id, copy.content, event.topic, event.partition, event."offset",
    event.writer, event.received_at, event.landed_at, landed_seq, copy.datum
FROM copy
JOIN ops.event AS event USING (landed_seq, event_id)
WHERE copy.origin = 0 AND NOT copy.wins
UNION ALL BY NAME
SELECT
    {event_type} AS event_type, event_id, copy.content, event.topic, event.partition, event."offset",
    event.writer, event.received_at, $landed_at::TIMESTAMP AS landed_at, landed_seq, copy.datum
FROM copy
JOIN batch_event AS event USING (landed_seq, event_id)
WHERE copy.origin = 2 AND copy.is_first AND NOT copy.wins;

INSERT INTO lost
SELECT landed_seq FROM copy WHERE origin = 2 AND is_first AND NOT wins;

DELETE FROM {typed} WHERE landed_seq IN (SELECT landed_seq FROM copy WHERE origin = 0 AND NOT wins);
DELETE FROM ops.event WHERE landed_seq IN (SELECT landed_seq FROM copy WHERE origin = 0 AND NOT wins);
