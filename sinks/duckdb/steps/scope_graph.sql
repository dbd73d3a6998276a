-- Keep only facts about nodes in the scope: the state of others stands.
DELETE FROM node_fact WHERE node NOT IN (SELECT node FROM scope);
DELETE FROM edge_fact WHERE a NOT IN (SELECT node FROM scope) AND b NOT IN (SELECT node FROM scope);
