-- Items whose consent has gone, and which the tool may have taken in an attempt that failed: it removes them.
-- Those that a withdrawal has overtaken it has removed already.
UPDATE activation.item
SET action = 'remove', fields = '{}', withdrawn = true
WHERE delivery_id = $delivery AND place IN (SELECT place FROM lapsed WHERE NOT overtaken);

UPDATE activation.item
SET outcome = 'dropped'
WHERE delivery_id = $delivery AND place IN (SELECT place FROM lapsed WHERE overtaken);

UPDATE activation.item SET delivery_id = $new WHERE delivery_id = $delivery;

UPDATE activation.delivery SET delivery_id = $new WHERE delivery_id = $delivery;
