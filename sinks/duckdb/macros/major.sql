-- An amount in major units: 1999 and EUR give 19.990. Digits after the point as ISO 4217 has them. Null for
-- an amount beyond all sense, so that one such row spoils no view.
-- list_contains: DuckDB makes a join of every long IN, and a view of orders has two dozen amounts.
CREATE OR REPLACE MACRO major(minor, currency) AS (
    TRY_CAST(
        TRY_CAST(minor AS DECIMAL(15, 0)) * CASE
            WHEN list_contains([
                'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV',
                'XAF', 'XOF', 'XPF'
            ], currency) THEN 1.000
            WHEN list_contains(['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'], currency) THEN 0.001
            ELSE 0.010
        END AS DECIMAL(18, 3)
    )
);
