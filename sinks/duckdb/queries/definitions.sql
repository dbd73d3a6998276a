-- How segments and computed traits ($kind) stand: what is defined, and what was found.
SELECT
    coalesce(definition.name, refresh.name) AS name,
    definition.version AS version,
    definition.applied_at AS applied_at,
    definition.actor AS actor,
    definition.reason AS reason,
    refresh.version AS holds,
    refresh.swept_for AS swept_for,
    refresh.seconds AS seconds,
    refresh.error AS error,
    coalesce(member.members, value.members, 0) AS members
FROM (FROM segment.definition WHERE kind = $kind) AS definition
FULL JOIN (FROM segment.refresh WHERE kind = $kind) AS refresh USING (name)
LEFT JOIN (
    SELECT segment AS name, count(*) AS members FROM segment.membership WHERE until IS NULL GROUP BY segment
) AS member ON member.name = coalesce(definition.name, refresh.name) AND $kind = 'segment'
LEFT JOIN (
    SELECT trait AS name, count(*) AS members FROM profile.computed GROUP BY trait
) AS value ON value.name = coalesce(definition.name, refresh.name) AND $kind = 'trait'
ORDER BY name;
