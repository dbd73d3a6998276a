-- How destinations stand: what their tools hold, what is under way, what waits for a person, what was refused.
WITH word AS (
    SELECT destination, max(decided_at) AS paused_at, any_value(actor) AS actor
    FROM activation.decision
    WHERE decision = 'pause'
    GROUP BY destination
),
under_way AS (
    SELECT
        delivery.destination,
        count(*) AS "rows",
        count(*) FILTER (item.withdrawn) AS withdrawals,
        min(delivery.decided_at) AS since
    FROM activation.delivery AS delivery
    JOIN activation.item AS item USING (delivery_id)
    WHERE delivery.sent_at IS NULL AND item.outcome IS NULL
    GROUP BY delivery.destination
),
attempt AS (
    SELECT
        destination,
        max(attempts) FILTER (sent_at IS NULL) AS attempts,
        min(next_at) FILTER (sent_at IS NULL AND trouble IS NOT NULL) AS next_at,
        arg_min(trouble, next_at) FILTER (sent_at IS NULL AND trouble IS NOT NULL) AS trouble,
        max(sent_at) AS sent_at
    FROM activation.delivery
    GROUP BY destination
),
told AS (
    SELECT
        item.destination,
        count(*) FILTER (item.outcome = 'refused') AS refused,
        max(delivery.sent_at) FILTER (item.withdrawn AND item.outcome = 'taken') AS withdrawn_at
    FROM activation.item AS item
    JOIN activation.delivery AS delivery USING (delivery_id)
    GROUP BY item.destination
),
held AS (
    SELECT destination, count(*) AS holds FROM activation.holding GROUP BY destination
)
SELECT
    name.destination,
    coalesce(held.holds, 0) AS holds,
    coalesce(under_way."rows", 0) AS under_way,
    coalesce(under_way.withdrawals, 0) AS withdrawals,
    under_way.since,
    attempt.attempts,
    attempt.next_at,
    attempt.trouble,
    attempt.sent_at,
    coalesce(told.refused, 0) AS refused,
    told.withdrawn_at,
    standing.planned_at,
    coalesce(standing.held_rows, 0) AS held_rows,
    standing.held_since,
    standing.trouble AS stuck,
    word.paused_at,
    word.actor AS paused_by
FROM (
    SELECT destination FROM activation.standing
    UNION
    SELECT destination FROM activation.decision
    UNION
    SELECT destination FROM activation.holding
) AS name
LEFT JOIN held USING (destination)
LEFT JOIN under_way USING (destination)
LEFT JOIN attempt USING (destination)
LEFT JOIN told USING (destination)
LEFT JOIN activation.standing AS standing USING (destination)
LEFT JOIN word USING (destination)
ORDER BY name.destination;
