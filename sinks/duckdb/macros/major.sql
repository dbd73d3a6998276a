-- An amount in major units: 1999 and EUR give 19.990. Digits after the point as ISO 4217 has them. Null for
-- an amount beyond all sense, so that one such row spoils no view.
CREATE OR REPLACE MACRO major(minor, currency) AS (
    TRY_CAST(
        TRY_CAST(minor AS DECIMAL(15, 0)) * CASE
            WHEN currency IN (
                'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV',
                'XAF', 'XOF', 'XPF'
            ) THEN 1.000
            WHEN currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 0.001
            ELSE 0.010
        END AS DECIMAL(18, 3)
    )
);
