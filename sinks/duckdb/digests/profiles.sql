-- What is known of every customer: the state of their nodes.
SELECT
    'trait' AS part,
    to_json({
        'customer': customer, 'node': node, 'trait': trait, 'source': source, 'value': value,
        'strength': strength, 'occurred_at': occurred_at, 'sequence': sequence,
        'event_type': event_type, 'event_id': event_id
    })::VARCHAR AS content
FROM profile.trait
JOIN identity.node USING (node)
UNION ALL
SELECT
    'measure',
    to_json({
        'customer': customer, 'node': node, 'measure': measure, 'unit': unit, 'total': total,
        'events': state.events
    })::VARCHAR
FROM profile.measure AS state
JOIN identity.node USING (node)
UNION ALL
SELECT
    'consent',
    to_json({
        'customer': customer, 'node': node, 'purpose': purpose, 'status': status,
        'occurred_at': occurred_at, 'event_type': event_type, 'event_id': event_id
    })::VARCHAR
FROM profile.consent
JOIN identity.node USING (node)
