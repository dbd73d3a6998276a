-- Every contract has its typed table, and every typed table its contract.
WITH contract AS (
    SELECT
        event_type,
        replace(regexp_extract(event_type, '^(.*)/[^/]*$', 1), '/', '_') AS schema_name,
        regexp_extract(event_type, '[^/]*$') AS table_name,
        schema
    FROM ops.contract
),
wanted AS (
    SELECT schema_name, table_name, unnest(json_extract_string(schema, '$.fields[*].name')) AS column_name
    FROM contract
    UNION
    SELECT
        schema_name, table_name,
        unnest([
            'event_id', 'occurred_at', 'node', 'received_at', 'landed_at', 'landed_seq', 'writer', 'extra'
        ])
    FROM contract
)
SELECT schema_name || '.' || table_name || ' has no column ' || string_agg(column_name, ', ') AS what
FROM wanted
ANTI JOIN (FROM duckdb_columns() WHERE database_name = current_database()) AS there
    USING (schema_name, table_name, column_name)
GROUP BY schema_name, table_name
UNION ALL
SELECT schema_name || '.' || table_name || ' has no contract'
FROM duckdb_tables()
ANTI JOIN contract USING (schema_name, table_name)
WHERE database_name = current_database() AND schema_name NOT IN (
    'main', 'ops', 'identity', 'profile', 'segment', 'activation'
)
