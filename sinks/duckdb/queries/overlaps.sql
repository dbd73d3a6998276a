-- How many of each other segment's members a definition finds too.
SELECT member.segment, count(*) AS members, count(found.customer_id) AS shared
FROM segment.membership AS member
LEFT JOIN (
    SELECT DISTINCT customer_id FROM (
{found}
    )
) AS found USING (customer_id)
WHERE member.until IS NULL AND member.segment <> $name
GROUP BY member.segment
ORDER BY shared DESC, member.segment;
