-- The nodes to forget: the suspects, and the anchors that their events had or get. Then every event that
-- mentions any of them.
CREATE OR REPLACE TEMP TABLE scope AS
SELECT node FROM suspect
UNION
SELECT node FROM ops.event SEMI JOIN again USING (landed_seq) WHERE node IS NOT NULL
UNION
SELECT node FROM batch_event WHERE node IS NOT NULL;

CREATE OR REPLACE TEMP TABLE again AS
SELECT landed_seq, event_type
FROM ops.event
SEMI JOIN (
    SELECT DISTINCT landed_seq
    FROM (SELECT landed_seq, unnest(nodes) AS node FROM ops.event)
    SEMI JOIN scope USING (node)
) USING (landed_seq);
