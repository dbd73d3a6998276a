-- Empty tables for what the batch will turn up.
CREATE OR REPLACE TEMP TABLE duplicate (landed_seq BIGINT);
CREATE OR REPLACE TEMP TABLE lost (landed_seq BIGINT);
CREATE OR REPLACE TEMP TABLE displaced (landed_seq BIGINT, nodes UUID[]);
CREATE OR REPLACE TEMP TABLE touched (node UUID);
CREATE OR REPLACE TEMP TABLE moved (node UUID);
CREATE OR REPLACE TEMP TABLE appeared (node UUID);
CREATE OR REPLACE TEMP TABLE suspect (node UUID);
CREATE OR REPLACE TEMP TABLE mentioned (node UUID);
