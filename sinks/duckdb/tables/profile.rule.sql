-- Which of several values of a trait survives, as traits.toml declares it.
CREATE TABLE profile.rule (
    trait VARCHAR NOT NULL, -- Name of the trait.
    rule VARCHAR NOT NULL, -- most_recent, most_trusted or earliest.
    doc VARCHAR NOT NULL, -- What it is.
    pii VARCHAR NOT NULL -- direct, indirect or none.
);
