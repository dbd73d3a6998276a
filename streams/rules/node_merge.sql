-- Join the nodes of the events at hand with what is known. A new node is a customer of its own until its
-- edges are weighed.
CREATE OR REPLACE TEMP TABLE node_known AS
SELECT known.rowid AS spot, fact.*, fact.first_seen < known.first_seen AS earlier
FROM identity.node AS known
JOIN node_fact AS fact USING (node);

UPDATE identity.node AS known
SET
    first_seen = least(known.first_seen, fact.first_seen),
    last_seen = greatest(known.last_seen, fact.last_seen),
    events = known.events + fact.events
FROM node_known AS fact
WHERE known.rowid = fact.spot;

CREATE OR REPLACE TEMP TABLE node_new AS
SELECT fact.* FROM node_fact AS fact ANTI JOIN node_known USING (node);

INSERT INTO identity.node BY NAME
SELECT node, kind, first_seen, last_seen, events, -1 AS hub, node AS component, node AS customer
FROM node_new;

INSERT INTO appeared SELECT node FROM node_new ANTI JOIN moved USING (node);

-- A first appearance that moved can change the outcome of a windowed limit.
INSERT INTO touched SELECT node FROM node_known WHERE earlier;
