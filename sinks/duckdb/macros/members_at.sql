-- Who was in a segment at a time (UTC), since when, until when, and why: FROM members_at('lost', '2026-03-01').
CREATE OR REPLACE MACRO members_at(segment_name, moment) AS TABLE (
    SELECT member.customer_id, member.since, member.until, member.cause, member.reason
    FROM segment.membership AS member
    WHERE member.segment = segment_name
        AND member.since <= moment::TIMESTAMP
        AND (member.until IS NULL OR member.until > moment::TIMESTAMP)
);
