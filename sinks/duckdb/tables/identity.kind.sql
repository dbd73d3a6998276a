-- Kinds of identifier, as identifiers.toml declares them.
CREATE TABLE identity.kind (
    kind VARCHAR NOT NULL, -- Name of the kind.
    rank SMALLINT NOT NULL, -- Order of the kinds; 1 would be the strongest.
    person BOOLEAN NOT NULL, -- Whether it names a person rather than a device or a deal.
    "limit" INTEGER, -- How many of it one customer may hold; null for any number.
    hub INTEGER, -- With more neighbours of one stronger person kind it joins nobody; null for never.
    doc VARCHAR NOT NULL -- What it is.
);
