-- What each destination holds, what is under way to it, and since when a withdrawal has waited.
SELECT
    standing.destination,
    coalesce(held."rows", 0) AS holds,
    coalesce(item."rows", 0) AS under_way,
    standing.held_rows,
    coalesce(item.refused, 0) AS refused,
    item.withdrawn_since,
    standing.trouble IS NOT NULL OR coalesce(item.trouble, false) AS trouble
FROM activation.standing AS standing
LEFT JOIN (
    SELECT destination, count(*) AS "rows" FROM activation.holding GROUP BY destination
) AS held USING (destination)
LEFT JOIN (
    SELECT
        item.destination,
        count(*) FILTER (delivery.sent_at IS NULL AND item.outcome IS NULL) AS "rows",
        count(*) FILTER (item.outcome = 'refused') AS refused,
        min(delivery.decided_at) FILTER (
            delivery.sent_at IS NULL AND item.outcome IS NULL AND item.withdrawn
        ) AS withdrawn_since,
        bool_or(delivery.sent_at IS NULL AND delivery.trouble IS NOT NULL) AS trouble
    FROM activation.item AS item
    JOIN activation.delivery AS delivery USING (delivery_id)
    GROUP BY item.destination
) AS item USING (destination)
ORDER BY standing.destination;
