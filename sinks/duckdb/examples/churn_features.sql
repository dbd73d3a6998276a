-- What was known of each customer at the cutoff of churn_labels; join both by customer_id.
-- No leakage: every value counts only what had happened by the cutoff. Hence money is what was paid back by
-- then, not orders.revenue_net, which knows later refunds; states of now (status, customers.*) are left out.
-- Who is who is of now as well: identity.assignment tells since when we knew it, which for imported history
-- is the day of the import. Money is in the currency of most of the customer's orders.
WITH cutoff AS (
    SELECT max(placed_at) - INTERVAL 90 DAY AS cutoff FROM orders
),
paid_back AS (
    SELECT order_id, currency, sum(amount) AS amount
    FROM refunds
    CROSS JOIN cutoff
    WHERE refunded_at <= cutoff
    GROUP BY order_id, currency
),
bought AS (
    SELECT
        customer_id,
        cutoff,
        currency,
        count(*) AS orders_in_currency,
        sum(total - coalesce(paid_back.amount, 0)) AS spent
    FROM orders
    CROSS JOIN cutoff
    LEFT JOIN paid_back USING (order_id, currency)
    WHERE customer_id IS NOT NULL AND placed_at <= cutoff
    GROUP BY customer_id, cutoff, currency
    QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY count(*) DESC, currency) = 1
),
habits AS (
    SELECT
        customer_id,
        count(*) AS orders,
        min(placed_at) AS first_order_at,
        max(placed_at) AS last_order_at,
        count(*) FILTER (returned_at <= cutoff) AS returns,
        count(*) FILTER (delivered_at <= cutoff AND delivered_at > promised_by) AS late_deliveries
    FROM orders
    CROSS JOIN cutoff
    WHERE placed_at <= cutoff
    GROUP BY customer_id
),
visits AS (
    SELECT customer_id, count(*) AS visits_30d
    FROM sessions
    CROSS JOIN cutoff
    WHERE ended_at <= cutoff AND started_at > cutoff - INTERVAL 30 DAY
    GROUP BY customer_id
),
cases AS (
    SELECT customer_id, count(*) AS conversations
    FROM conversations
    CROSS JOIN cutoff
    WHERE opened_at <= cutoff
    GROUP BY customer_id
)
SELECT
    customer_id,
    bought.cutoff,
    habits.orders,
    date_diff('day', habits.first_order_at, bought.cutoff) AS days_since_first_order,
    date_diff('day', habits.last_order_at, bought.cutoff) AS days_since_last_order,
    bought.spent,
    bought.currency,
    habits.returns,
    habits.late_deliveries,
    coalesce(visits.visits_30d, 0) AS visits_30d,
    coalesce(cases.conversations, 0) AS conversations
FROM bought
JOIN habits USING (customer_id)
LEFT JOIN visits USING (customer_id)
LEFT JOIN cases USING (customer_id)
ORDER BY customer_id
