-- How each destination stands: what was planned last, what waits for a person, and which words were heard.
CREATE TABLE activation.standing (
    destination VARCHAR NOT NULL, -- Name of the destination.
    planned_at TIMESTAMP NOT NULL, -- When it was last compared with what its tool holds, UTC.
    held_rows BIGINT NOT NULL, -- Contact points of a change too large to go without an approval; 0 if none waits.
    held_since TIMESTAMP, -- Since when it waits, UTC.
    trouble VARCHAR, -- Why nothing can be planned: its file, its segment; null where it can.
    approved VARCHAR, -- Event of the approval used last.
    resynced VARCHAR -- Event of the resync done last.
);
