-- Requests to have records land again that were carried out; see own_rundum.replay_requested.
CREATE TABLE ops.replay (
    event_id VARCHAR NOT NULL, -- The request.
    records BIGINT NOT NULL, -- Records that were read again; what they said anew is in the ledger.
    landed BIGINT NOT NULL, -- Events that were new after all.
    rejected BIGINT NOT NULL, -- Records that were refused, again or for the first time.
    finished_at TIMESTAMP NOT NULL -- When it was done, UTC.
);
