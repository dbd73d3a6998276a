-- What people have decided about a destination ($destination), and what of it was heard before.
SELECT
    approval.event_id,
    approval.heard_at,
    approval."rows",
    resync.event_id,
    standing.approved,
    standing.resynced,
    standing.held_since
FROM (SELECT $destination AS destination) AS asked
LEFT JOIN activation.decision AS approval
    ON approval.destination = asked.destination AND approval.decision = 'approve'
LEFT JOIN activation.decision AS resync
    ON resync.destination = asked.destination AND resync.decision = 'resync'
LEFT JOIN activation.standing AS standing ON standing.destination = asked.destination;
