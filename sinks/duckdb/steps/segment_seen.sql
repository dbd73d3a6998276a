-- Who was looked at is touched no more, unless something landed about them since.
DELETE FROM {store}.segment.touched AS known
USING pending
WHERE known.node = pending.node AND known.landed_at = pending.landed_at
    AND pending.node IN (SELECT node FROM {seen});
