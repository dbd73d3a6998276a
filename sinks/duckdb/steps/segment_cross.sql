-- Which events name a blocked number of a thing (an order, a case), as of the last event.
CREATE OR REPLACE TEMP TABLE blocked_link AS
SELECT name.node AS link
FROM identity.identifier AS name
JOIN identity.kind AS kind USING (kind)
ANTI JOIN identity.node AS known ON known.node = name.node
WHERE NOT kind.person AND kind.rank > (SELECT rank FROM identity.kind WHERE kind = 'device_id');

DELETE FROM segment.crossing WHERE link NOT IN (SELECT link FROM blocked_link);

CREATE OR REPLACE TEMP TABLE new_link AS
SELECT link FROM blocked_link ANTI JOIN segment.crossing USING (link);

INSERT INTO segment.crossing
SELECT said.link, said.landed_seq, said.node
FROM (
    SELECT landed_seq, node, unnest(nodes) AS link
    FROM ops.event
    WHERE landed_seq > $last
) AS said
SEMI JOIN blocked_link USING (link);

INSERT INTO segment.crossing
SELECT said.link, said.landed_seq, said.node
FROM (
    SELECT landed_seq, node, unnest(nodes) AS link
    FROM ops.event
    WHERE landed_seq <= $last AND EXISTS (FROM new_link)
) AS said
SEMI JOIN new_link USING (link);

DELETE FROM segment.crossed;

INSERT INTO segment.crossed SELECT max(landed_seq) FROM ops.event;
