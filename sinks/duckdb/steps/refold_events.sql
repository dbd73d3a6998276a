-- Every event that mentions a suspect node.
CREATE OR REPLACE TEMP TABLE again AS
SELECT landed_seq, event_type
FROM ops.event
SEMI JOIN (
    SELECT DISTINCT landed_seq
    FROM (SELECT landed_seq, unnest(nodes) AS node FROM ops.event)
    SEMI JOIN suspect USING (node)
) USING (landed_seq);
