-- name: columns
-- A part of other queries: an entry, and what it is at this moment.
suppression_id, user_id, kind, rule, reason, created_at, created_by, expires_at, withdrawn_at,
  withdrawn_by,
  CASE WHEN withdrawn_at IS NOT NULL THEN 'withdrawn'
       WHEN expires_at <= clock_timestamp() THEN 'expired'
       ELSE 'active' END AS state

-- name: lock_customer
-- Two who add the same entry at once do it one after the other; the second sees the first's.
SELECT pg_advisory_xact_lock(hashtextextended('suppressions of ' || %(user_id)s, 0))

-- name: can_expire
-- Whether an end lies within its bounds, by the clock that decides about it.
SELECT %(expires_at)s > clock_timestamp()
  AND %(expires_at)s <= clock_timestamp() + %(longest)s AS can_expire

-- name: list_active
-- What counts now; at most two entries for each rule, and two for all.
SELECT {columns}
FROM suppressions
WHERE user_id = %(user_id)s AND withdrawn_at IS NULL
  AND (expires_at IS NULL OR expires_at > clock_timestamp())
ORDER BY suppression_id DESC

-- name: list_suppressions
-- Everything ever said of a customer, the newest first, from before an entry.
SELECT {columns}
FROM suppressions
WHERE user_id = %(user_id)s
  AND (%(below)s::bigint IS NULL OR suppression_id < %(below)s)
ORDER BY suppression_id DESC
LIMIT %(limit)s

-- name: read_suppression
-- One entry, if it is this customer's.
SELECT {columns} FROM suppressions
WHERE suppression_id = %(suppression_id)s AND user_id = %(user_id)s

-- name: any_suppression
-- One row if anything was ever said of a customer.
SELECT suppression_id FROM suppressions WHERE user_id = %(user_id)s LIMIT 1

-- name: add_suppression
-- Counts for every alert that is stored by a statement that begins after this one's commit.
INSERT INTO suppressions (user_id, kind, rule, reason, created_by, expires_at)
VALUES (%(user_id)s, %(kind)s, %(rule)s, %(reason)s, %(author)s, %(expires_at)s)
RETURNING {columns}

-- name: withdraw_suppression
-- Nothing where it has ended in whatever way.
UPDATE suppressions SET withdrawn_at = clock_timestamp(), withdrawn_by = %(author)s
WHERE suppression_id = %(suppression_id)s AND user_id = %(user_id)s AND withdrawn_at IS NULL
  AND (expires_at IS NULL OR expires_at > clock_timestamp())
RETURNING {columns}
