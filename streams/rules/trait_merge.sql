-- Join the traits of the events at hand with what is known: the same choice, between two.
CREATE OR REPLACE TEMP TABLE trait_next AS
SELECT
    node,
    trait,
    source,
    strength,
    CASE WHEN earliest THEN min(word) ELSE max(word) END AS word
FROM (
    SELECT node, trait, source, strength, earliest, word FROM trait_state
    UNION ALL
    SELECT
        known.node,
        known.trait,
        known.source,
        known.strength,
        state.earliest,
        {
            'occurred_at': known.occurred_at,
            'sequence': known.sequence,
            'event_type': known.event_type,
            'event_id': known.event_id,
            'value': known.value
        }
    FROM profile.trait AS known
    JOIN trait_state AS state USING (node, trait, source, strength)
)
GROUP BY node, trait, source, strength, earliest;

DELETE FROM profile.trait AS known
USING trait_next AS next
WHERE known.node = next.node AND known.trait = next.trait AND known.source = next.source
    AND known.strength = next.strength;

INSERT INTO profile.trait BY NAME
SELECT
    node,
    trait,
    source,
    word.value AS value,
    strength,
    word.occurred_at AS occurred_at,
    word.sequence AS sequence,
    word.event_type AS event_type,
    word.event_id AS event_id
FROM trait_next;
