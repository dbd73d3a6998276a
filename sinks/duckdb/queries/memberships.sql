-- Every time that a customer, or whoever they were before, was in a segment ($segment, $customer).
SELECT member.since, member.until, member.cause, member.left_by, member.version, member.reason, member.customer_id
FROM segment.membership AS member
JOIN identity.node AS known ON known.node = member.customer_id
WHERE member.segment = $segment AND known.customer = $customer::UUID
ORDER BY member.since, member.until;
