-- Empty tables for what definitions will find.
CREATE OR REPLACE TEMP TABLE evaluated (segment VARCHAR, version VARCHAR, cause VARCHAR);
CREATE OR REPLACE TEMP TABLE found (segment VARCHAR, customer_id UUID, reason VARCHAR);
CREATE OR REPLACE TEMP TABLE computed (trait VARCHAR, version VARCHAR);
CREATE OR REPLACE TEMP TABLE valued (trait VARCHAR, customer_id UUID, value VARCHAR);
