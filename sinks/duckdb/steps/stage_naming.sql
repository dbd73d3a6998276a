-- Who the batch names: its nodes, and which event mentions which.
CREATE OR REPLACE TEMP TABLE named_node AS SELECT * FROM arrow_node;
CREATE OR REPLACE TEMP TABLE mention AS SELECT * FROM arrow_mention;
CREATE OR REPLACE TEMP TABLE contact AS SELECT * FROM arrow_contact;
