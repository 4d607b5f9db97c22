-- name: append
-- One row for each subject that a person's action changed, in the transaction that changed it.
INSERT INTO audit_log (actor, action, subject, before, after, request_id) VALUES %s

-- name: list_entries
-- One page, newest first, below an entry. As in alerts.sql the planner drops absent filters. The
-- kind is compared as the index has it.
SELECT audit_id, at, actor, action, subject, before, after, request_id
FROM audit_log
WHERE (%(actor)s::text IS NULL OR actor = %(actor)s)
  AND (%(action)s::text IS NULL OR action = %(action)s)
  AND (%(kind)s::text IS NULL OR split_part(action, '.', 1) = %(kind)s)
  AND (%(subject)s::text IS NULL OR subject = %(subject)s)
  AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
  AND (%(below)s::bigint IS NULL OR audit_id < %(below)s)
ORDER BY audit_id DESC
LIMIT %(limit)s
