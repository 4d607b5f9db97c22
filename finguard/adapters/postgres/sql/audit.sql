-- name: append
-- One row for each subject that a person's action changed, in the transaction that changed it.
INSERT INTO audit_log (actor, action, subject, before, after, request_id) VALUES %s
