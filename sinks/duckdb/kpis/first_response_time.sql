-- owner: support
-- description: Median hours from when a conversation began until we first answered, on the day it began. What
--   nobody has answered yet is left out.
-- unit: hours
-- value: median
SELECT
    opened_at AS occurred_at,
    date_diff('second', opened_at, first_response_at) / 3600 AS numerator
FROM conversations
WHERE first_response_at IS NOT NULL
