-- The names of all segments there are.
SELECT name FROM {store}.segment.definition WHERE kind = 'segment'
UNION
SELECT segment FROM {store}.segment.membership WHERE until IS NULL;
