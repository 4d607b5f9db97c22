-- name: start
-- A session lasts until it is idle for too long, and never past its end.
INSERT INTO sessions (session_id, user_id, token_epoch, ends_at, expires_at)
SELECT %(session_id)s, %(user_id)s, %(token_epoch)s, now + %(longest)s, now + %(idle)s
FROM clock_timestamp() AS now

-- name: find_users
-- For every request with a token: a row as long as the session lives and its user may use it.
SELECT replace(s.session_id::text, '-', '') AS session_id, u.id, u.username, u.password_hash, u.role,
  u.disabled, u.token_epoch
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.session_id = ANY (%(session_ids)s::uuid[]) AND s.expires_at > clock_timestamp()
  AND u.token_epoch = s.token_epoch AND NOT u.disabled

-- name: add_secret
-- Another way to go on with a session.
INSERT INTO session_secrets (digest, session_id, kind)
VALUES (%(digest)s, %(session_id)s, %(kind)s)

-- name: drop_secrets
-- There is one handoff and one cookie at a time.
DELETE FROM session_secrets WHERE session_id = %(session_id)s AND kind = %(kind)s

-- name: lock_secret
-- The secret and its session, for one request at a time: the second sees what the first has done.
SELECT replace(s.session_id::text, '-', '') AS session_id, s.user_id, c.used_at IS NOT NULL AS used,
  extract(epoch FROM clock_timestamp() - c.issued_at)::float8 AS age_s
FROM session_secrets c JOIN sessions s USING (session_id) JOIN users u ON u.id = s.user_id
WHERE c.digest = %(digest)s AND c.kind = %(kind)s AND s.expires_at > clock_timestamp()
  AND u.token_epoch = s.token_epoch AND NOT u.disabled
FOR UPDATE OF c, s

-- name: mark_used
-- Its successor is about to be issued.
UPDATE session_secrets SET used_at = clock_timestamp() WHERE digest = %(digest)s

-- name: touch
-- Used, so not idle; how long it now lasts.
UPDATE sessions SET expires_at = least(ends_at, clock_timestamp() + %(idle)s)
WHERE session_id = %(session_id)s
RETURNING extract(epoch FROM expires_at - clock_timestamp())::float8 AS left_s

-- name: end
-- Its secrets and its access tokens end with it.
DELETE FROM sessions WHERE session_id = %(session_id)s

-- name: end_all
-- Wherever the user is signed in, but for the session to keep, if there is one.
DELETE FROM sessions
WHERE user_id = %(user_id)s AND session_id IS DISTINCT FROM %(keep)s::uuid

-- name: adopt_epoch
-- Keeps a session through a change of its user that ends all others.
UPDATE sessions SET token_epoch = %(token_epoch)s WHERE session_id = %(session_id)s

-- name: purge
-- Keeps the table as small as the sessions that may still live.
DELETE FROM sessions WHERE session_id IN (
  SELECT session_id FROM sessions WHERE expires_at < clock_timestamp()
  ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED
)
