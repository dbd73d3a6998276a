-- Who belongs together and why: every node with its customer, every edge and constraint with its outcome.
SELECT
    'node' AS part,
    to_json({
        'node': node, 'kind': kind, 'first_seen': first_seen, 'last_seen': last_seen, 'events': events,
        'hub': hub, 'customer': customer
    })::VARCHAR AS content
FROM identity.node
UNION ALL
SELECT
    'edge',
    to_json({'a': a, 'b': b, 'first_seen': first_seen, 'strength': strength, 'outcome': outcome})::VARCHAR
FROM identity.edge
UNION ALL
SELECT
    'constraint',
    to_json({
        'a': a, 'b': b, 'verdict': verdict, 'occurred_at': occurred_at, 'event_id': event_id,
        'outcome': outcome
    })::VARCHAR
FROM identity.constraint
UNION ALL
SELECT
    'block',
    to_json({'node': node, 'blocked': blocked, 'occurred_at': occurred_at, 'event_id': event_id})::VARCHAR
FROM identity.block
