-- Every measure of every customer: a column each, sums over distinct events; money by currency.
WITH summed AS (
    SELECT node.customer AS customer_id, state.measure, state.unit, sum(state.total) AS total
    FROM profile.measure AS state
    JOIN identity.node AS node USING (node)
    GROUP BY ALL
)
SELECT
    {measure_sums}
    customer_id AS customer_id -- Customer now.
FROM summed
GROUP BY customer_id
