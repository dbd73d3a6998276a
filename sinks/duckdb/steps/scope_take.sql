-- Whom to look at: touched nodes, everything that could belong together with them, and whoever shares an order
-- number or a case with them that joins nobody: models join by its text.
CREATE OR REPLACE TEMP TABLE pair AS
WITH hub AS (
    SELECT known.node, known.component
    FROM {store}.identity.node AS known
    JOIN {store}.identity.kind AS kind USING (kind)
    WHERE known.hub >= 0 AND NOT kind.person
        AND kind.rank > (SELECT rank FROM {store}.identity.kind WHERE kind = 'device_id')
),
spoke AS (
    SELECT hub.component, edge.b AS node FROM {store}.identity.edge AS edge JOIN hub ON hub.node = edge.a
    UNION ALL
    SELECT hub.component, edge.a AS node FROM {store}.identity.edge AS edge JOIN hub ON hub.node = edge.b
    UNION ALL
    SELECT link AS component, node FROM {store}.segment.crossing WHERE node IS NOT NULL
)
SELECT DISTINCT spoke.component AS one, known.component AS other
FROM spoke
JOIN {store}.identity.node AS known USING (node);

CREATE OR REPLACE TEMP TABLE chosen AS
WITH RECURSIVE reach AS (
    SELECT * FROM (
        SELECT DISTINCT known.component
        FROM {store}.identity.node AS known
        SEMI JOIN pending USING (node)
        LIMIT $most
    )
    UNION
    SELECT crossing.link FROM {store}.segment.crossing AS crossing SEMI JOIN pending ON pending.node = crossing.link
    UNION
    SELECT beside.there
    FROM (SELECT one AS here, other AS there FROM pair UNION ALL SELECT other, one FROM pair) AS beside
    JOIN reach ON reach.component = beside.here
)
SELECT component FROM reach;

CREATE OR REPLACE TABLE identity.node AS
SELECT known.* FROM {store}.identity.node AS known SEMI JOIN chosen USING (component);

CREATE OR REPLACE TEMP TABLE loose AS
SELECT DISTINCT crossing.landed_seq
FROM {store}.segment.crossing AS crossing
SEMI JOIN chosen ON chosen.component = crossing.link
WHERE crossing.node IS NULL;

CREATE OR REPLACE TEMP TABLE gone AS
SELECT DISTINCT node FROM pending ANTI JOIN {store}.identity.node AS known USING (node);

CREATE OR REPLACE TEMP TABLE seen AS
SELECT node FROM identity.node
UNION ALL
SELECT node FROM gone;
