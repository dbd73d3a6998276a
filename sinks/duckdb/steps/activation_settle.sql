-- All rows of a delivery ($delivery) that were not refused or dropped are taken; its tool holds them now.
UPDATE activation.item SET outcome = 'taken' WHERE delivery_id = $delivery AND outcome IS NULL;

CREATE OR REPLACE TEMP TABLE taken AS
SELECT contact, action, fields FROM activation.item WHERE delivery_id = $delivery AND outcome = 'taken';

DELETE FROM activation.holding WHERE destination = $destination AND contact IN (SELECT contact FROM taken);

INSERT INTO activation.holding
SELECT $destination, contact, fields, $now::TIMESTAMP FROM taken WHERE action <> 'remove';

UPDATE activation.delivery
SET sent_at = $now::TIMESTAMP, trouble = NULL
WHERE delivery_id = $delivery;

DELETE FROM activation.item
WHERE destination = $destination AND outcome IN ('taken', 'dropped') AND delivery_id IN (
    SELECT delivery_id FROM activation.delivery WHERE sent_at < $kept::TIMESTAMP
);

DELETE FROM activation.delivery
WHERE destination = $destination AND sent_at < $kept::TIMESTAMP
    AND delivery_id NOT IN (SELECT delivery_id FROM activation.item);
