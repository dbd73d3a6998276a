-- What the logs gave, by topic, and what of it was said before to the letter.
SELECT topic, sum(accepted)::BIGINT AS accepted, sum(duplicate)::BIGINT AS duplicate
FROM ops.ledger
GROUP BY topic
ORDER BY topic
