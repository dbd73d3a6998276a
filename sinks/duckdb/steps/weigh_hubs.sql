-- Hubs: a node with more neighbours of one stronger person kind, by edges of strength s or more, than its
-- kind allows, joins nobody by edges of strength s or less. Who becomes or stops being one is weighed again
-- with the neighbours whose edge that changes.
CREATE OR REPLACE TEMP TABLE candidate AS
SELECT mine.node, mine.hub, mine.kind, kind.hub AS most
FROM identity.node AS mine
SEMI JOIN touched USING (node)
JOIN identity.kind AS kind USING (kind)
WHERE kind.hub IS NOT NULL;

CREATE OR REPLACE TEMP TABLE near AS
SELECT candidate.node, edge.b AS other, edge.strength
FROM identity.edge AS edge
JOIN candidate ON candidate.node = edge.a
UNION ALL
SELECT candidate.node, edge.a, edge.strength
FROM identity.edge AS edge
JOIN candidate ON candidate.node = edge.b;

CREATE OR REPLACE TEMP TABLE flipped AS
WITH crowded AS (
    SELECT candidate.node, candidate.kind, candidate.most
    FROM candidate
    JOIN near USING (node)
    GROUP BY ALL
    HAVING count(*) > candidate.most
),
rival AS (
    SELECT mine.kind, stronger.kind AS other
    FROM identity.kind AS mine
    JOIN identity.kind AS stronger ON stronger.person AND stronger.rank < mine.rank
),
crowd AS (
    SELECT
        crowded.node,
        crowded.most,
        count(*) AS from_0,
        count(*) FILTER (near.strength >= 1) AS from_1,
        count(*) FILTER (near.strength >= 2) AS from_2,
        count(*) FILTER (near.strength >= 3) AS from_3
    FROM crowded
    JOIN near USING (node)
    JOIN identity.node AS other ON other.node = near.other
    JOIN rival ON rival.kind = crowded.kind AND rival.other = other.kind
    GROUP BY crowded.node, crowded.most, other.kind
),
level AS (
    SELECT
        node,
        max(CASE
            WHEN from_3 > most THEN 3
            WHEN from_2 > most THEN 2
            WHEN from_1 > most THEN 1
            WHEN from_0 > most THEN 0
            ELSE -1
        END) AS hub
    FROM crowd
    GROUP BY node
)
SELECT candidate.node, candidate.hub AS was, coalesce(level.hub, -1)::TINYINT AS hub
FROM candidate
LEFT JOIN level USING (node)
WHERE candidate.hub <> coalesce(level.hub, -1);

UPDATE identity.node AS known SET hub = flipped.hub FROM flipped WHERE known.node = flipped.node;

INSERT INTO touched
SELECT near.other
FROM near
JOIN flipped USING (node)
WHERE near.strength > least(flipped.was, flipped.hub) AND near.strength <= greatest(flipped.was, flipped.hub);
