-- What tells two sets of rows apart, whatever their order: how many there are, and four sums over their SHA-256.
WITH hashed AS (
    SELECT sha256(part || chr(31) || content) AS hash FROM (
{rows}
    )
)
SELECT
    count(*) AS rows,
    coalesce(sum(('0x' || hash[1:16])::UBIGINT), 0) AS first,
    coalesce(sum(('0x' || hash[17:32])::UBIGINT), 0) AS second,
    coalesce(sum(('0x' || hash[33:48])::UBIGINT), 0) AS third,
    coalesce(sum(('0x' || hash[49:64])::UBIGINT), 0) AS fourth
FROM hashed
