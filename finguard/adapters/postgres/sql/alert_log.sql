-- name: any_in_inbox
-- One row as soon as there is something to move; spares a quiet system the lock below.
SELECT inbox_id FROM alert_inbox LIMIT 1

-- name: lock_head
-- Whoever moves events waits here for whoever does so just now. The next statement then sees all
-- that the other has moved.
SELECT last_event_id FROM alert_log_head FOR UPDATE

-- name: move
-- Numbers what is in the inbox in the order of its own numbers, which is that of cause and effect:
-- nobody triages an alert that is not yet committed.
WITH taken AS (
  DELETE FROM alert_inbox
  WHERE inbox_id IN (SELECT inbox_id FROM alert_inbox ORDER BY inbox_id LIMIT %(limit)s)
  RETURNING inbox_id, alert_id, version
), logged AS (
  INSERT INTO alert_log (event_id, alert_id, version)
  SELECT last_event_id + row_number() OVER (ORDER BY inbox_id), alert_id, version
  FROM taken CROSS JOIN alert_log_head
  RETURNING event_id
), counted AS (
  SELECT count(*) AS moved FROM logged
)
UPDATE alert_log_head SET last_event_id = last_event_id + moved FROM counted
RETURNING moved

-- name: read_head
-- Where the log ends, where it begins, and which log it is.
SELECT epoch, last_event_id, pruned_id FROM alert_log_head

-- name: read_events
-- Events in order with their alerts as they are now.
SELECT event_id, happened_version, {columns}
FROM (
  SELECT event_id, alert_id AS of_alert, version AS happened_version
  FROM alert_log
  WHERE event_id > %(after)s
  ORDER BY event_id
  LIMIT %(limit)s
) AS happened
LEFT JOIN alerts ON alerts.alert_id = of_alert
ORDER BY event_id

-- name: prune
-- Drops some of the oldest events, never the newest, and remembers up to which. No more than can be
-- done at once: nobody may have dropped any for long.
WITH limits AS (
  UPDATE alert_log_head
  SET pruned_id = greatest(pruned_id, least(pruned_id + %(limit)s, last_event_id - %(keep)s))
  RETURNING pruned_id
)
DELETE FROM alert_log USING limits WHERE event_id <= limits.pruned_id
