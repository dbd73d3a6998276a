-- Start here: every table and view (where column is null), every column and every nested field of the store.
WITH contract AS (
    SELECT
        event_type,
        regexp_extract(event_type, '^(.*)/[^/]*$', 1) AS source,
        replace(source, '/', '_') || '.' || regexp_extract(event_type, '[^/]*$') AS object
    FROM ops.contract
),
field AS (
    SELECT
        object,
        field.*,
        regexp_extract(field, '^\w+') AS "column",
        -- direct < indirect < none
        min(pii) OVER (PARTITION BY object, "column") AS strictest,
        field.rowid AS place
    FROM ops.field AS field
    JOIN contract USING (event_type)
),
named AS (
    SELECT table_name AS name, schema_name, NULL AS "column", 'table' AS type, comment, -1 AS place
    FROM duckdb_tables()
    WHERE NOT internal AND database_name = current_database()
    UNION ALL
    SELECT view_name, schema_name, NULL, 'view', comment, -1
    FROM duckdb_views()
    WHERE NOT internal AND database_name = current_database()
    UNION ALL
    SELECT table_name, schema_name, column_name, data_type, comment, column_index
    FROM duckdb_columns()
    WHERE NOT internal AND database_name = current_database()
),
whole AS (
    SELECT CASE schema_name WHEN 'main' THEN name ELSE schema_name || '.' || name END AS object, * FROM named
),
line AS (
    SELECT whole.*, field.unit, field.meaning, field.strictest AS pii, field.example, 0 AS depth
    FROM whole
    LEFT JOIN field ON field.object = whole.object AND field.field = whole."column"
    UNION ALL BY NAME
    SELECT
        whole.* REPLACE (field.field AS "column", field.type AS type, field.doc AS comment),
        field.unit, field.meaning, field.pii, field.example, field.place AS depth
    FROM whole
    JOIN field USING (object, "column")
    WHERE field.field <> whole."column"
)
SELECT
    line.object AS object, -- Table or view, as you write it after FROM.
    line."column" AS "column", -- Column, or a field in it: lines[].sku; null for the table or view itself.
    line.type AS type, -- DuckDB type, of nested fields the contract's; or table, or view.
    line.unit AS unit, -- Unit, where it measures something; for money the column of the currency.
    nullif(line.meaning, '') AS meaning, -- Marks of the contract: what the field means to Rundum.
    coalesce(line.pii, rule.pii) AS pii, -- Personal data: direct, indirect, none; null where no contract says.
    contract.source AS source, -- Source whose events these are; null for what all sources share.
    line.comment AS description, -- What it holds.
    line.example AS example -- A value from the contract's examples.
FROM line
LEFT JOIN contract USING (object)
LEFT JOIN profile.rule AS rule ON line.object = 'customers' AND line."column" = rule.trait
ORDER BY line.schema_name <> 'main', object, line.place, line.depth
