-- Who comes in and who goes out, of those that were looked at, and who stays for another reason.
CREATE OR REPLACE TEMP TABLE held AS
SELECT member.segment, member.customer_id, member.reason
FROM {store}.segment.membership AS member
SEMI JOIN evaluated USING (segment)
WHERE member.until IS NULL AND {covers};

CREATE OR REPLACE TEMP TABLE leaving AS
SELECT
    held.segment,
    held.customer_id,
    owner.customer AS now_id,
    evaluated.version,
    CASE WHEN owner.customer IS DISTINCT FROM held.customer_id THEN 'merge' ELSE evaluated.cause END AS cause
FROM held
JOIN evaluated USING (segment)
ANTI JOIN found USING (segment, customer_id)
LEFT JOIN {nodes} AS owner ON owner.node = held.customer_id;

CREATE OR REPLACE TEMP TABLE entering AS
SELECT
    found.segment,
    found.customer_id,
    found.reason,
    evaluated.version,
    CASE WHEN merged.now_id IS NULL THEN evaluated.cause ELSE 'merge' END AS cause
FROM found
JOIN evaluated USING (segment)
ANTI JOIN held USING (segment, customer_id)
LEFT JOIN (SELECT DISTINCT segment, now_id FROM leaving WHERE cause = 'merge') AS merged
    ON merged.segment = found.segment AND merged.now_id = found.customer_id
UNION ALL
SELECT found.segment, found.customer_id, found.reason, evaluated.version, 'reason'
FROM found
JOIN evaluated USING (segment)
JOIN held USING (segment, customer_id)
WHERE held.reason <> found.reason;

INSERT INTO {store}.segment.change BY NAME
SELECT
    (SELECT coalesce(max(change_id), 0) FROM {store}.segment.change)
        + row_number() OVER (ORDER BY entered, segment, customer_id) AS change_id,
    segment,
    customer_id,
    entered,
    $now::TIMESTAMP AS changed_at,
    cause,
    version,
    reason,
    $landed_at::TIMESTAMP AS landed_at
FROM (
    SELECT segment, customer_id, false AS entered, cause, version, '{{}}' AS reason FROM leaving
    UNION ALL BY NAME
    SELECT segment, customer_id, true AS entered, cause, version, reason FROM entering
);

UPDATE {store}.segment.membership AS member
SET until = greatest($now::TIMESTAMP, member.since), left_by = ended.cause
FROM (
    SELECT segment, customer_id, cause FROM leaving
    UNION ALL
    SELECT segment, customer_id, cause FROM entering WHERE cause = 'reason'
) AS ended
WHERE member.segment = ended.segment AND member.customer_id = ended.customer_id AND member.until IS NULL;

INSERT INTO {store}.segment.membership BY NAME
SELECT segment, customer_id, $now::TIMESTAMP AS since, cause, version, reason FROM entering;
