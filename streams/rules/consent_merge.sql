-- Join the consents of the events at hand with what is known: the later word of each kind.
CREATE OR REPLACE TEMP TABLE consent_next AS
SELECT node, purpose, status, max(word) AS word
FROM (
    SELECT node, purpose, status, word FROM consent_state
    UNION ALL
    SELECT
        known.node,
        known.purpose,
        known.status,
        {
            'occurred_at': known.occurred_at,
            'event_type': known.event_type,
            'event_id': known.event_id
        }
    FROM profile.consent AS known
    JOIN consent_state USING (node, purpose, status)
)
GROUP BY ALL;

DELETE FROM profile.consent AS known
USING consent_next AS next
WHERE known.node = next.node AND known.purpose = next.purpose AND known.status = next.status;

INSERT INTO profile.consent BY NAME
SELECT
    node,
    purpose,
    status,
    word.occurred_at AS occurred_at,
    word.event_type AS event_type,
    word.event_id AS event_id
FROM consent_next;
