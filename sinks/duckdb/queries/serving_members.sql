-- The memberships of the customers at hand.
SELECT member.segment, member.customer_id::VARCHAR, strftime(member.since, '%Y-%m-%dT%H:%M:%SZ'), member.reason
FROM {store}.segment.membership AS member
WHERE member.until IS NULL AND member.customer_id IN (SELECT customer FROM identity.node);
