-- Start here: every table, view and column of the store, what it means, and an example.
SELECT
    CASE WHEN column_.schema_name = 'main' THEN '' ELSE column_.schema_name || '.' END
        || column_.table_name AS object, -- Table or view, as you write it after FROM.
    column_.column_name AS "column", -- Column.
    column_.data_type AS type, -- DuckDB type.
    field.unit AS unit, -- Unit, where it measures something; for money the column of the currency.
    nullif(field.meaning, '') AS meaning, -- Marks of the contract: what the field means to Rundum.
    field.pii AS pii, -- Personal data: direct, indirect or none.
    regexp_extract(field.event_type, '^(.*)/[^/]*$', 1) AS source, -- Source whose contract names it.
    column_.comment AS description, -- What it holds.
    field.example AS example -- A value from the contract's examples.
FROM duckdb_columns() AS column_
LEFT JOIN ops.field AS field
    ON field.field = column_.column_name
    AND replace(regexp_extract(field.event_type, '^(.*)/[^/]*$', 1), '/', '_') = column_.schema_name
    AND regexp_extract(field.event_type, '[^/]*$') = column_.table_name
WHERE NOT column_.internal AND column_.database_name = current_database()
ORDER BY column_.schema_name <> 'main', object, column_.column_index
