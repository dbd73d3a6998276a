-- A visitor arrived through a campaign's link.
SELECT
    CAST(NULL AS VARCHAR) AS event_id,  -- The event's id.
    CAST(NULL AS TIMESTAMP) AS touched_at,  -- When, UTC.
    CAST(NULL AS VARCHAR) AS utm_source,  -- Where from: google, newsletter.
    CAST(NULL AS VARCHAR) AS utm_medium,  -- Kind of channel: cpc, email, social.
    CAST(NULL AS VARCHAR) AS utm_campaign,  -- Name of the campaign.
    CAST(NULL AS VARCHAR) AS utm_term,  -- Paid search term.
    CAST(NULL AS VARCHAR) AS utm_content,  -- Which advertisement or link.
    CAST(NULL AS VARCHAR) AS campaign_id,  -- Id of the campaign in its tool.
    CAST(NULL AS VARCHAR) AS device_id,  -- The browser or app.
    CAST(NULL AS VARCHAR) AS url  -- Address arrived at.
