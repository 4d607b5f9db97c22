-- name: find_user_by_name
-- For the login.
SELECT id, username, password_hash, role, disabled, token_epoch
FROM users WHERE username = %(username)s

-- name: any_user
-- One row as soon as there is one user.
SELECT FROM users LIMIT 1

-- name: create_first_user
-- Only while there is nobody at all; programs that start together create one.
INSERT INTO users (username, password_hash, role)
SELECT %(username)s, %(password_hash)s, %(role)s
WHERE NOT EXISTS (SELECT FROM users)
ON CONFLICT (username) DO NOTHING
RETURNING id

-- name: list_users
-- One page by name, after a name.
SELECT username, role, disabled, created_at FROM users
WHERE username > %(after)s ORDER BY username LIMIT %(limit)s

-- name: read_user
-- One of them.
SELECT username, role, disabled, created_at FROM users WHERE username = %(username)s

-- name: lock_active_admins
-- Whoever changes a user waits here, so that two administrators cannot demote each other at once.
SELECT username FROM users WHERE role = 'admin' AND NOT disabled ORDER BY id FOR NO KEY UPDATE

-- name: lock_user
-- As they are, until the transaction's end.
SELECT username, role, disabled, created_at FROM users
WHERE username = %(username)s FOR NO KEY UPDATE

-- name: create_user
-- Nothing where the name is taken.
INSERT INTO users (username, password_hash, role)
VALUES (%(username)s, %(password_hash)s, %(role)s)
ON CONFLICT (username) DO NOTHING
RETURNING username, role, disabled, created_at

-- name: change_user
-- A trigger ends the user's sessions.
UPDATE users SET role = %(role)s, disabled = %(disabled)s WHERE username = %(username)s

-- name: set_password
-- As above.
UPDATE users SET password_hash = %(password_hash)s WHERE username = %(username)s
RETURNING token_epoch

-- name: change_password
-- Only if the user is as they were when they proved who they are.
UPDATE users SET password_hash = %(password_hash)s
WHERE id = %(id)s AND token_epoch = %(token_epoch)s
RETURNING token_epoch

-- name: lock_attempts
-- Makes the rows that are missing and locks them all, in the order of their keys.
INSERT INTO login_attempts (key)
SELECT key FROM unnest(%(keys)s::text[]) AS key ORDER BY key
ON CONFLICT (key) DO UPDATE SET key = excluded.key
RETURNING key, failures,
  greatest(0, extract(epoch FROM blocked_until - clock_timestamp()))::float8 AS wait_s,
  extract(epoch FROM clock_timestamp() - last_at)::float8 AS age_s

-- name: store_attempt
-- What the throttle decided of one key.
UPDATE login_attempts
SET failures = %(failures)s, last_at = clock_timestamp(),
  blocked_until = clock_timestamp() + make_interval(secs => %(wait_s)s)
WHERE key = %(key)s

-- name: forget_attempts
-- A login that succeeded.
DELETE FROM login_attempts WHERE key = ANY (%(keys)s::text[])

-- name: forgive_attempt
-- A login that succeeded takes back its own charge from the address, and nobody else's.
UPDATE login_attempts SET failures = greatest(failures - 1, 0), blocked_until = clock_timestamp()
WHERE key = %(key)s

-- name: purge_attempts
-- Keeps the table as small as the attempts of a quarter of an hour.
DELETE FROM login_attempts WHERE key IN (
  SELECT key FROM login_attempts
  WHERE last_at < clock_timestamp() - make_interval(secs => %(age_s)s)
  ORDER BY last_at LIMIT 100 FOR UPDATE SKIP LOCKED
)
