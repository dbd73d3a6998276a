-- The rows of deliveries: one contact point each.
CREATE TABLE activation.item (
    delivery_id VARCHAR NOT NULL, -- The delivery.
    destination VARCHAR NOT NULL, -- Name of the destination.
    place BIGINT NOT NULL, -- Order within the delivery, from 0.
    contact VARCHAR NOT NULL, -- The contact point.
    action VARCHAR NOT NULL, -- add, update or remove.
    fields VARCHAR NOT NULL, -- What is told of them, as a JSON object; empty for a removal.
    withdrawn BOOLEAN NOT NULL, -- Whether they go because the consent is gone: that waits for no approval.
    outcome VARCHAR, -- taken, refused, or dropped (the consent was gone before it was sent); null until then.
    status INTEGER, -- HTTP status of a refusal.
    answer VARCHAR -- What the destination said of a refused row.
);
