-- Ids among those looked at that are no customers, or no more.
SELECT DISTINCT seen.node::VARCHAR FROM seen WHERE node NOT IN (SELECT customer FROM identity.node);
