-- A constraint binds as soon as both its sides are there: whoever appears is weighed with the other side, even
-- if no edge touches either.
INSERT INTO touched
SELECT unnest([a, b])
FROM (
    SELECT link.a, link.b FROM identity.constraint AS link SEMI JOIN appeared ON appeared.node = link.a
    UNION ALL
    SELECT link.a, link.b FROM identity.constraint AS link SEMI JOIN appeared ON appeared.node = link.b
);
