-- Whole raw components that anything touched, in the order of (rank of kind, value), with their edges.
CREATE OR REPLACE TEMP TABLE loaded AS
SELECT
    row_number() OVER (ORDER BY kind.rank, text.value) - 1 AS row,
    mine.spot,
    mine.node,
    mine.kind,
    mine.first_seen,
    mine.hub,
    mine.component,
    mine.customer
FROM (
    SELECT rowid AS spot, *
    FROM identity.node
    WHERE component IN (SELECT component FROM identity.node SEMI JOIN touched USING (node))
) AS mine
JOIN identity.identifier AS text USING (node)
JOIN identity.kind AS kind ON kind.kind = mine.kind;

CREATE OR REPLACE TEMP TABLE weighed AS
SELECT
    edge.rowid AS spot,
    one.row AS a,
    other.row AS b,
    edge.strength,
    edge.first_seen,
    edge.outcome,
    edge.strength <= greatest(one.hub, other.hub) AS dropped
FROM identity.edge AS edge
JOIN loaded AS one ON one.node = edge.a
JOIN loaded AS other ON other.node = edge.b;

UPDATE identity.edge AS edge
SET outcome = 'hub'
FROM weighed
WHERE edge.rowid = weighed.spot AND weighed.dropped AND weighed.outcome <> 'hub';
