-- The fields that name an identifier, of every contract.
SELECT event_type, field FROM ops.field WHERE regexp_matches(meaning, '\b(id|other|about):')
