-- Sums of the measures that the events at hand add, by node and unit. Integers only, so order is nothing.
CREATE OR REPLACE TEMP TABLE measure_state AS
SELECT
    event.node,
    fact.measure,
    fact.unit,
    sum(fact.amount::HUGEINT)::HUGEINT AS total,
    count(*) AS events
FROM measure_fact AS fact
JOIN batch_event AS event USING (landed_seq)
WHERE event.node IS NOT NULL
GROUP BY ALL;
