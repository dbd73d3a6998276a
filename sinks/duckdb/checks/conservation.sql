-- What the log gave equals what became of it, in every hour of every topic.
SELECT
    topic || ', the hour of ' || strftime(hour, '%Y-%m-%d %H:%M') || ': ' || accepted || ' records came, '
    || (landed + superseded + rejected + duplicate + suppressed) || ' are accounted for' AS what
FROM ops.conservation
WHERE NOT balanced
