-- Contents that lost, as the new contract reads them.
CREATE OR REPLACE TEMP TABLE loser AS
SELECT now.*, known.seq AS landed_seq, sha256({content}) AS content, {content} AS datum
FROM arrow_loser AS now
JOIN (SELECT record, landed_seq AS seq FROM {losers}) AS known USING (record);

UPDATE ops.conflict AS known
SET content = loser.content, datum = loser.datum
FROM loser
WHERE known.event_type = {event_type} AND known.landed_seq = loser.landed_seq;

-- Where one of them is smaller now than the content that had won, they change places.
CREATE OR REPLACE TEMP TABLE swap AS
WITH winner AS (
    SELECT event_id AS key, landed_seq, {content} AS datum
    FROM {typed}
    WHERE event_id IN (SELECT {event_id} FROM loser)
)
SELECT
    winner.key AS event_id,
    winner.landed_seq AS old_seq,
    sha256(winner.datum) AS old_content,
    winner.datum AS old_datum,
    arg_min(loser.landed_seq, loser.content) AS new_seq,
    min(loser.content) AS new_content
FROM winner
JOIN loser ON loser.{event_id} = winner.key
GROUP BY ALL
HAVING new_content < old_content;

INSERT INTO suspect
SELECT unnest(nodes) FROM ops.event WHERE landed_seq IN (SELECT old_seq FROM swap);

CREATE OR REPLACE TEMP TABLE promoted AS
SELECT known.* FROM ops.conflict AS known JOIN swap ON swap.new_seq = known.landed_seq;

DELETE FROM ops.conflict WHERE landed_seq IN (SELECT new_seq FROM swap);

INSERT INTO ops.conflict BY NAME
SELECT
    event.event_type, swap.event_id, swap.old_content AS content, event.topic, event.partition,
    event."offset", event.writer, event.received_at, event.landed_at, event.landed_seq,
    swap.old_datum AS datum
FROM swap
JOIN ops.event AS event ON event.landed_seq = swap.old_seq;

INSERT INTO ops.event BY NAME
SELECT
    promoted.landed_seq, event.key_hash, event.event_type, event.event_id,
    loser.{occurred_at} AS occurred_at, promoted.received_at, promoted.landed_at, promoted.topic,
    promoted.partition, promoted."offset", promoted.writer, []::UUID[] AS nodes
FROM promoted
JOIN swap ON swap.new_seq = promoted.landed_seq
JOIN ops.event AS event ON event.landed_seq = swap.old_seq
JOIN loser ON loser.landed_seq = promoted.landed_seq;

INSERT INTO {typed} BY NAME
SELECT {columns}, promoted.landed_seq, promoted.received_at, promoted.landed_at, {standard}
FROM promoted
JOIN loser USING (landed_seq);

DELETE FROM {typed} WHERE landed_seq IN (SELECT old_seq FROM swap);
DELETE FROM ops.event WHERE landed_seq IN (SELECT old_seq FROM swap);
INSERT INTO again SELECT new_seq, {event_type} FROM swap;
