-- Every trait, measure and consent is that of a known node and event.
SELECT part || ' of node ' || node || ', which is not known' AS what
FROM (
    SELECT node, 'trait ' || trait AS part FROM profile.trait
    UNION ALL
    SELECT node, 'measure ' || measure FROM profile.measure
    UNION ALL
    SELECT node, 'consent ' || purpose FROM profile.consent
)
ANTI JOIN identity.node USING (node)
UNION ALL
SELECT part || ' comes from ' || event_type || ' ' || event_id || ', which is not there'
FROM (
    SELECT event_type, event_id, 'trait ' || trait AS part FROM profile.trait
    UNION ALL
    SELECT event_type, event_id, 'consent ' || purpose FROM profile.consent
)
ANTI JOIN ops.event USING (event_type, event_id)
