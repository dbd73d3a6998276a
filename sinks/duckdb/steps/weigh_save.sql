-- What was decided: components, customers and the outcome of every edge, where they changed.
CREATE OR REPLACE TEMP TABLE decided AS
SELECT loaded.spot, loaded.node, part.node AS component, whole.node AS customer, loaded.customer AS was
FROM arrow_solved AS solved
JOIN loaded USING (row)
JOIN loaded AS part ON part.row = solved.component
JOIN loaded AS whole ON whole.row = solved.customer
WHERE part.node <> loaded.component OR whole.node <> loaded.customer;

UPDATE identity.node AS known
SET component = decided.component, customer = decided.customer
FROM decided
WHERE known.rowid = decided.spot;

INSERT INTO moved SELECT node FROM decided WHERE customer <> was;

UPDATE identity.edge AS edge
SET outcome = solved.outcome
FROM arrow_outcome AS solved
WHERE edge.rowid = solved.spot;

UPDATE identity.constraint AS link
SET outcome = solved.outcome
FROM arrow_link AS solved
JOIN loaded AS one ON one.row = solved.a
JOIN loaded AS other ON other.row = solved.b
WHERE link.a = least(one.node, other.node) AND link.b = greatest(one.node, other.node);

-- A constraint that was taken back, or of which one side is not there, decides nothing.
CREATE OR REPLACE TEMP TABLE present AS
SELECT node
FROM identity.node
SEMI JOIN (SELECT a AS node FROM identity.constraint UNION SELECT b FROM identity.constraint) USING (node);

UPDATE identity.constraint
SET outcome = 'absent'
WHERE verdict = 'none' OR a NOT IN (SELECT node FROM present) OR b NOT IN (SELECT node FROM present);
