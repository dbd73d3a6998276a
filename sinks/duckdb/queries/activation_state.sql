-- Changes whenever something may have changed that destinations are compared by.
SELECT
    (SELECT value FROM ops.meta WHERE key = 'landed_at'),
    (SELECT max(change_id) FROM segment.change),
    (SELECT max(swept_for) FROM segment.refresh),
    (SELECT count(*) FROM segment.refresh WHERE version IS NOT NULL),
    (SELECT count(*) FROM segment.touched);
