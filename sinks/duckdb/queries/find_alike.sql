-- Identifiers that differ from a text ($text) in case only, or end with it: for those who mistyped.
SELECT kind, value
FROM identity.identifier
WHERE lower(value) = lower($text) OR (length($text) >= 4 AND ends_with(lower(value), lower($text)))
ORDER BY length(value), kind, value
LIMIT 5
