-- Everybody whom the changed events name now is suspect, and whom they named before.
INSERT INTO suspect
SELECT node FROM named_node
UNION
SELECT unnest(nodes) FROM ops.event SEMI JOIN again USING (landed_seq);

UPDATE ops.event AS known
SET node = now.node, nodes = now.nodes
FROM batch_event AS now
WHERE known.landed_seq = now.landed_seq;
