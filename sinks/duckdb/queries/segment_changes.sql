-- The oldest changes of memberships that the topic of segments has not been told ($limit of them).
SELECT change_id, segment, customer_id::VARCHAR, entered, changed_at, cause, reason
FROM segment.change
WHERE change_id > coalesce((SELECT value::BIGINT FROM ops.meta WHERE key = 'segments_told'), 0)
ORDER BY change_id
LIMIT $limit;
