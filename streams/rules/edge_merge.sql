-- Join the edges of the events at hand with what is known, and mark both ends of what changed.
CREATE OR REPLACE TEMP TABLE edge_known AS
SELECT
    known.rowid AS spot,
    fact.*,
    fact.first_seen < known.first_seen OR fact.strength > known.strength AS changed
FROM identity.edge AS known
JOIN edge_fact AS fact USING (a, b);

UPDATE identity.edge AS known
SET
    first_seen = least(known.first_seen, fact.first_seen),
    strength = greatest(known.strength, fact.strength)
FROM edge_known AS fact
WHERE known.rowid = fact.spot AND fact.changed;

CREATE OR REPLACE TEMP TABLE edge_new AS
SELECT fact.* FROM edge_fact AS fact ANTI JOIN edge_known USING (a, b);

INSERT INTO identity.edge BY NAME
SELECT a, b, first_seen, strength, '' AS outcome FROM edge_new;

INSERT INTO touched
SELECT a FROM edge_new
UNION
SELECT b FROM edge_new
UNION
SELECT a FROM edge_known WHERE changed
UNION
SELECT b FROM edge_known WHERE changed;
