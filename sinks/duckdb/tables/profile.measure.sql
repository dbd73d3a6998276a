-- Sums of each measure for each node, over distinct events.
CREATE TABLE profile.measure (
    node UUID NOT NULL, -- Anchor of the events.
    measure VARCHAR NOT NULL, -- Name of the measure.
    unit VARCHAR NOT NULL, -- Its unit; for money the currency, amounts then being in minor units.
    total HUGEINT NOT NULL, -- The sum.
    events BIGINT NOT NULL -- How many values went into it.
);
