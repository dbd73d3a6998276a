-- The texts of all identifiers: the only place that holds them beside the events.
CREATE TABLE identity.identifier (
    node UUID NOT NULL, -- Node id: a keyed hash of kind and value.
    kind VARCHAR NOT NULL, -- Kind of identifier.
    value VARCHAR NOT NULL, -- The normalised value.
    blocked VARCHAR -- Why it joins nobody (a pattern, or configured); null where it may.
);
