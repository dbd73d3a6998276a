-- Whom to look at: touched nodes, and everything that could belong together with them.
CREATE OR REPLACE TEMP TABLE chosen AS
SELECT DISTINCT known.component
FROM {store}.identity.node AS known
SEMI JOIN pending USING (node)
LIMIT $most;

CREATE OR REPLACE TABLE identity.node AS
SELECT known.* FROM {store}.identity.node AS known SEMI JOIN chosen USING (component);

CREATE OR REPLACE TEMP TABLE gone AS
SELECT DISTINCT node FROM pending ANTI JOIN {store}.identity.node AS known USING (node);

CREATE OR REPLACE TEMP TABLE seen AS
SELECT node FROM identity.node
UNION ALL
SELECT node FROM gone;
