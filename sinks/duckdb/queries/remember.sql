-- Who belongs together now, kept in the connection to be compared with what follows.
CREATE OR REPLACE TEMP TABLE node_before AS SELECT node, customer FROM identity.node;
CREATE OR REPLACE TEMP TABLE edge_before AS SELECT a, b, outcome FROM identity.edge;
