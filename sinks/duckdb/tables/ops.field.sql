-- The fields of all contracts with their meaning; read it through the view guide.
CREATE TABLE ops.field (
    event_type VARCHAR NOT NULL, -- channel/source/event.
    field VARCHAR NOT NULL, -- The field, lists written lines[].sku.
    type VARCHAR NOT NULL, -- Its Avro type.
    meaning VARCHAR NOT NULL, -- Its marks.
    unit VARCHAR, -- Unit of a measure; for money the field that holds the currency.
    pii VARCHAR NOT NULL, -- direct, indirect or none.
    doc VARCHAR NOT NULL, -- What it holds.
    example VARCHAR -- A value from the contract's examples.
);
