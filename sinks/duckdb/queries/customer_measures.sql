-- Every measure of one customer ($customer); money in major units, an amount for each currency.
WITH told AS (
    -- Measures with a unit of their own; the unit of money is the name of the field that holds the currency.
    SELECT DISTINCT regexp_extract(meaning, '\bmeasure:(\w+)', 1) AS measure, unit FROM ops.field
),
summed AS (
    SELECT state.measure, state.unit, sum(state.total) AS total, sum(state.events)::BIGINT AS events
    FROM profile.measure AS state
    JOIN identity.node AS owner USING (node)
    WHERE owner.customer = $customer
    GROUP BY state.measure, state.unit
)
SELECT
    summed.measure,
    summed.unit,
    told.measure IS NULL AS money,
    CASE WHEN told.measure IS NULL THEN major(summed.total, summed.unit) END AS amount,
    CASE WHEN told.measure IS NOT NULL THEN summed.total END AS count,
    summed.events
FROM summed
LEFT JOIN told ON told.measure = summed.measure AND told.unit = summed.unit
ORDER BY summed.measure, summed.unit
