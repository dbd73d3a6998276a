-- Segments, computed traits and destinations have tables of their own.
CREATE SCHEMA IF NOT EXISTS segment;
CREATE SCHEMA IF NOT EXISTS activation;
