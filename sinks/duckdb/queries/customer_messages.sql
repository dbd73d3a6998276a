-- What was written and said between one customer ($customer) and us: whatever fields a contract marks as
-- text. What is typed into a search box on the web is no message.
SELECT
    said.occurred_at,
    said.channel,
    said.event_type,
    said.what,
    said.details ->> 'direction' AS direction,
    any_value(said.details ->> field.field) FILTER (field.field = 'subject') AS subject,
    string_agg(said.details ->> field.field, ' ' ORDER BY field.field) FILTER (field.field <> 'subject') AS text,
    said.event_id
FROM customer_timeline AS said
JOIN ops.field AS field ON field.event_type = said.event_type
WHERE
    said.customer_id = $customer
    AND said.channel <> 'web'
    AND regexp_matches(field.meaning, '\btext\b')
    AND NOT regexp_matches(field.field, '[.\[]')
    AND coalesce(said.details ->> field.field, '') <> ''
GROUP BY ALL
ORDER BY said.occurred_at DESC, said.event_type, said.event_id
