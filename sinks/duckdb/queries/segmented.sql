-- Whether anything is defined as a segment or a computed trait, or was until now.
SELECT name FROM segment.definition
UNION ALL
SELECT name FROM segment.refresh
LIMIT 1;
