-- Items whose consent has gone before anybody was told of them: they do not go.
UPDATE activation.item
SET outcome = 'dropped'
WHERE delivery_id = $delivery AND place IN (SELECT place FROM lapsed);
