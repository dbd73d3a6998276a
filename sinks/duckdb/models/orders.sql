-- An order that was placed, with its whole life. Of several statements about one order the latest holds.
SELECT
    CAST(NULL AS VARCHAR) AS order_id,  -- Order number.
    CAST(NULL AS VARCHAR) AS status,  -- The furthest step: placed, paid, shipped, delivered, return_requested, returned, refunded, cancelled.
    CAST(NULL AS TIMESTAMP) AS placed_at,  -- When it was placed, UTC; all times are.
    CAST(NULL AS TIMESTAMP) AS paid_at,  -- When the first payment came in.
    CAST(NULL AS TIMESTAMP) AS shipped_at,  -- When the first parcel left.
    CAST(NULL AS TIMESTAMP) AS delivered_at,  -- When the last parcel arrived.
    CAST(NULL AS TIMESTAMP) AS promised_by,  -- Latest time of delivery that was promised.
    CAST(NULL AS TIMESTAMP) AS return_requested_at,  -- When the first return was announced.
    CAST(NULL AS TIMESTAMP) AS returned_at,  -- When the first returned goods were received.
    CAST(NULL AS TIMESTAMP) AS refunded_at,  -- When money was first paid back.
    CAST(NULL AS TIMESTAMP) AS cancelled_at,  -- When it was wholly cancelled; null for a part.
    CAST(NULL AS DECIMAL(18,3)) AS subtotal,  -- Goods including VAT, before discounts.
    CAST(NULL AS DECIMAL(18,3)) AS discount,  -- All discounts, zero or more.
    CAST(NULL AS DECIMAL(18,3)) AS shipping,  -- Shipping and handling including VAT.
    CAST(NULL AS DECIMAL(18,3)) AS tax,  -- VAT contained in total.
    CAST(NULL AS DECIMAL(18,3)) AS total,  -- What the customer was to pay: subtotal - discount + shipping.
    CAST(NULL AS DECIMAL(18,3)) AS refunded,  -- Paid back so far, in the order's currency.
    CAST(NULL AS DECIMAL(18,3)) AS cancelled,  -- Value of what was cancelled; total if wholly.
    CAST(NULL AS DECIMAL(18,3)) AS revenue_net,  -- total - cancelled - refunded, refunds of what was cancelled counted once; 0 if wholly cancelled.
    CAST(NULL AS VARCHAR) AS currency,  -- Currency of all money in the row, ISO 4217.
    CAST(NULL AS BIGINT) AS items,  -- Number of pieces ordered.
    CAST(NULL AS VARCHAR) AS coupon,  -- Coupon code redeemed.
    CAST(NULL AS VARCHAR) AS payment_method,  -- How the customer chose to pay.
    CAST(NULL AS VARCHAR) AS channel,  -- Where it was placed: web, app, phone, store, marketplace.
    CAST(NULL AS BOOLEAN) AS guest,  -- Ordered without an account.
    CAST(NULL AS BOOLEAN) AS gift  -- Delivered to somebody else.
