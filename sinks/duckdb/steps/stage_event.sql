-- The events of the batch as spine rows, with the hash under which duplicates are looked for.
CREATE OR REPLACE TEMP TABLE batch_event AS
SELECT *, md5_number_lower(event_type || chr(31) || event_id) AS key_hash
FROM arrow_event;
