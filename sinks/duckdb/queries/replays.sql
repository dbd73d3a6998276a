-- Requests to have records land again that were not carried out yet, the oldest first.
SELECT request.event_id, request.topic, request.since
FROM own_rundum.replay_requested AS request
ANTI JOIN ops.replay USING (event_id)
ORDER BY request.landed_seq
