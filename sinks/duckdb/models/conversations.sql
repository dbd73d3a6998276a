-- A service case, a telephone call outside of cases, or a private conversation on a network.
SELECT
    CAST(NULL AS VARCHAR) AS conversation_id,  -- Number of the case, the call or the conversation.
    CAST(NULL AS VARCHAR) AS medium,  -- How it began: email, phone, chat, web, social, letter, store.
    CAST(NULL AS VARCHAR) AS kind,  -- question, complaint, praise or request, as last judged.
    CAST(NULL AS VARCHAR) AS status,  -- open (our turn), pending (the customer's turn) or closed; on a network our word closes.
    CAST(NULL AS TIMESTAMP) AS opened_at,  -- When it began, UTC.
    CAST(NULL AS TIMESTAMP) AS first_response_at,  -- When we first answered, automatic replies included, UTC.
    CAST(NULL AS TIMESTAMP) AS closed_at,  -- When it was last closed, UTC; null unless closed.
    CAST(NULL AS VARCHAR) AS subject,  -- Subject line.
    CAST(NULL AS BIGINT) AS messages,  -- Number of e-mails, calls and messages both ways, 1 at least.
    CAST(NULL AS TIMESTAMP) AS last_message_at,  -- When one last wrote or spoke, UTC.
    CAST(NULL AS VARCHAR) AS order_id  -- The order it is about, as told.
