-- Members of each segment, and whether its definition gives no answer.
SELECT refresh.name, count(member.segment) AS members, any_value(refresh.error) IS NOT NULL AS failed
FROM segment.refresh AS refresh
LEFT JOIN segment.membership AS member ON member.segment = refresh.name AND member.until IS NULL
WHERE refresh.kind = 'segment'
GROUP BY refresh.name
ORDER BY refresh.name;
