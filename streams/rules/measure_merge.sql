-- Add the measures of the events at hand to what is known.
CREATE OR REPLACE TEMP TABLE measure_next AS
SELECT node, measure, unit, sum(total)::HUGEINT AS total, sum(events)::BIGINT AS events
FROM (
    SELECT node, measure, unit, total, events FROM measure_state
    UNION ALL
    SELECT known.node, known.measure, known.unit, known.total, known.events
    FROM profile.measure AS known
    JOIN measure_state USING (node, measure, unit)
)
GROUP BY ALL;

DELETE FROM profile.measure AS known
USING measure_next AS next
WHERE known.node = next.node AND known.measure = next.measure AND known.unit = next.unit;

INSERT INTO profile.measure BY NAME SELECT * FROM measure_next;
