-- A visit: events of one device without a gap of 30 minutes or more. It belongs to the last account logged in
-- during it, else to the device.
SELECT
    CAST(NULL AS VARCHAR) AS session_id,  -- Device and first moment; an event that comes late can change it.
    CAST(NULL AS VARCHAR) AS device_id,  -- The browser or app.
    CAST(NULL AS TIMESTAMP) AS started_at,  -- First event, UTC.
    CAST(NULL AS TIMESTAMP) AS ended_at,  -- Last event, UTC.
    CAST(NULL AS BIGINT) AS events,  -- Number of events.
    CAST(NULL AS BIGINT) AS pages,  -- Number of pages seen, those of products, lists, searches and the cart included.
    CAST(NULL AS BIGINT) AS products,  -- Number of product pages seen.
    CAST(NULL AS VARCHAR) AS landing_url,  -- Address of the first page.
    CAST(NULL AS VARCHAR) AS referrer,  -- Where the first page was reached from.
    CAST(NULL AS VARCHAR) AS utm_source,  -- Source of the first campaign link in the visit.
    CAST(NULL AS VARCHAR) AS utm_medium,  -- Its medium.
    CAST(NULL AS VARCHAR) AS utm_campaign  -- Its campaign.
