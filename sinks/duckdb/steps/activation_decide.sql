-- The differences at hand as items of a delivery ($delivery): withdrawals first, then removals.
INSERT INTO activation.item
SELECT
    $delivery,
    $destination,
    row_number() OVER (ORDER BY NOT withdrawn, action <> 'remove', contact) - 1,
    contact,
    action,
    fields,
    withdrawn,
    NULL,
    NULL,
    NULL
FROM difference;
