-- Forget all that is derived about the scope; whoever was decided together with it, is its neighbour, or
-- stands in a constraint with it, is weighed again.
INSERT INTO touched
SELECT node FROM scope
UNION
SELECT other.node
FROM identity.node AS mine
SEMI JOIN scope USING (node)
JOIN identity.node AS other USING (component)
UNION
SELECT edge.b FROM identity.edge AS edge JOIN scope ON scope.node = edge.a
UNION
SELECT edge.a FROM identity.edge AS edge JOIN scope ON scope.node = edge.b
UNION
SELECT link.b FROM identity.constraint AS link JOIN scope ON scope.node = link.a
UNION
SELECT link.a FROM identity.constraint AS link JOIN scope ON scope.node = link.b;

INSERT INTO moved SELECT node FROM scope;

DELETE FROM identity.node WHERE node IN (SELECT node FROM scope);
DELETE FROM identity.edge WHERE a IN (SELECT node FROM scope) OR b IN (SELECT node FROM scope);
DELETE FROM profile.trait WHERE node IN (SELECT node FROM scope);
DELETE FROM profile.measure WHERE node IN (SELECT node FROM scope);
DELETE FROM profile.consent WHERE node IN (SELECT node FROM scope);

UPDATE identity.identifier AS known
SET blocked = now.blocked
FROM named_node AS now
WHERE known.node = now.node AND known.blocked IS DISTINCT FROM now.blocked;

UPDATE ops.event AS known
SET node = now.node, nodes = now.nodes
FROM batch_event AS now
WHERE known.landed_seq = now.landed_seq
    AND (known.node IS DISTINCT FROM now.node OR list_sort(known.nodes) <> list_sort(now.nodes));
