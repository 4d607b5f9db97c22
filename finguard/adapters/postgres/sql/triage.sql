-- name: lock_alerts
-- Keeps others from changing them until the transaction ends; in one order, so that two bulk
-- changes never wait for one another in a circle.
SELECT {columns} FROM alerts
WHERE alert_id = ANY (%(alert_ids)s)
ORDER BY alert_id
FOR NO KEY UPDATE

-- name: latest_changes
-- The change that made each of these alerts what it is.
SELECT alert_id, version, actor, status_before, status_after, assignee_before, assignee_after, note
FROM triage_history JOIN alerts USING (alert_id, version)
WHERE alert_id = ANY (%(alert_ids)s)

-- name: change_alerts
-- One statement for all, and thereby one notification.
UPDATE alerts
SET status = coalesce(%(status)s, status),
  assignee = CASE WHEN %(assigns)s THEN %(assignee)s ELSE assignee END,
  version = version + 1,
  triaged_at = clock_timestamp()
WHERE alert_id = ANY (%(alert_ids)s)
RETURNING {columns}

-- name: append_history
-- A row for each change, in the transaction that makes it.
INSERT INTO triage_history (
  alert_id, version, at, actor, status_before, status_after, assignee_before, assignee_after, note
) VALUES %s

-- name: read_history
-- Changes of one alert, oldest first.
SELECT version, at, actor, status_before, status_after, assignee_before, assignee_after, note
FROM triage_history
WHERE alert_id = %(alert_id)s AND version > %(after)s
ORDER BY version
LIMIT %(limit)s

-- name: read_notes
-- The newest notes of one alert.
SELECT actor AS author, at, note AS text
FROM triage_history
WHERE alert_id = %(alert_id)s AND note IS NOT NULL
ORDER BY version DESC
LIMIT %(limit)s
