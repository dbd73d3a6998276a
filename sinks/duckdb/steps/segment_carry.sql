-- Segments that are not evaluated now go where their members have gone: merges and splits leave no ghosts.
INSERT INTO evaluated
SELECT name, version, 'merge'
FROM {store}.segment.refresh
WHERE kind = 'segment' AND name NOT IN (SELECT segment FROM evaluated);

INSERT INTO found
SELECT member.segment, known.customer, min(member.reason)
FROM {store}.segment.membership AS member
JOIN identity.node AS known ON known.node = member.customer_id
WHERE member.until IS NULL AND member.segment IN (SELECT segment FROM evaluated WHERE cause = 'merge')
GROUP BY ALL;
