-- name: newest_letters
-- One page, newest first, below a position. The driver writes the values into the statement, so
-- the planner sees an absent filter as the constant TRUE and drops it.
SELECT * FROM letters
WHERE (%(reasons)s::text[] IS NULL OR reason = ANY (%(reasons)s::text[]))
  AND (%(stages)s::text[] IS NULL OR stage = ANY (%(stages)s::text[]))
  AND (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s::text[]))
  AND (%(since)s::timestamptz IS NULL OR published_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR published_at < %(until)s)
  AND (%(place_time)s::timestamptz IS NULL
       OR (published_at, dead_letter_id) < (%(place_time)s, %(place_id)s))
ORDER BY published_at DESC, dead_letter_id DESC
LIMIT %(limit)s

-- name: oldest_letters
-- The same from the other end, above a position: in the order in which they must be sent again.
-- Letters that are newer than `latest_id` came of this very work and are left alone.
SELECT * FROM letters
WHERE (%(reasons)s::text[] IS NULL OR reason = ANY (%(reasons)s::text[]))
  AND (%(stages)s::text[] IS NULL OR stage = ANY (%(stages)s::text[]))
  AND (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s::text[]))
  AND (%(since)s::timestamptz IS NULL OR published_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR published_at < %(until)s)
  AND (%(place_time)s::timestamptz IS NULL
       OR (published_at, dead_letter_id) > (%(place_time)s, %(place_id)s))
  AND dead_letter_id <= %(latest_id)s
ORDER BY published_at, dead_letter_id
LIMIT %(limit)s

-- name: count_letters
-- How many a filter means, and the newest of all there are.
SELECT count(*) AS letters, (SELECT coalesce(max(dead_letter_id), 0) FROM dead_letters) AS latest_id
FROM letters
WHERE (%(reasons)s::text[] IS NULL OR reason = ANY (%(reasons)s::text[]))
  AND (%(stages)s::text[] IS NULL OR stage = ANY (%(stages)s::text[]))
  AND (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s::text[]))
  AND (%(since)s::timestamptz IS NULL OR published_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR published_at < %(until)s)

-- name: find_letters
-- Letters by their ids.
SELECT * FROM letters
WHERE dead_letter_id = ANY (%(ids)s::bigint[])
ORDER BY dead_letter_id

-- name: read_chain
-- All attempts of one message, the first one first.
SELECT * FROM letters
WHERE dead_letter_id = %(chain)s OR replay_of = %(chain)s
ORDER BY attempt

-- name: lock_letters
-- Before a change, in the order of the ids, so that two who change many never wait for each other.
SELECT dead_letter_id, status, replay_sha256 FROM dead_letters
WHERE dead_letter_id = ANY (%(ids)s::bigint[])
ORDER BY dead_letter_id FOR UPDATE

-- name: begin_replays
-- Before anything is published: from now on the detector's word on these bytes counts.
UPDATE dead_letters AS letter
SET replay_sha256 = v.sha256, replay_partition = v.partition::integer, replay_offset = NULL,
  status = 'open', status_at = clock_timestamp(), status_by = v.actor, status_note = NULL
FROM (VALUES %s) AS v (id, sha256, partition, actor)
WHERE letter.dead_letter_id = v.id

-- name: confirm_replays
-- Kafka has them. What the detector or a person has said since then stays.
UPDATE dead_letters AS letter
SET replay_partition = v.partition::integer, replay_offset = v."offset"::bigint,
  status = CASE status WHEN 'open' THEN 'replayed' ELSE status END
FROM (VALUES %s) AS v (id, sha256, partition, "offset")
WHERE letter.dead_letter_id = v.id AND letter.replay_sha256 = v.sha256

-- name: discard_letters
-- A person's word that nothing will come of them.
UPDATE dead_letters
SET status = 'discarded', status_at = clock_timestamp(), status_by = %(actor)s,
  status_note = %(note)s
WHERE dead_letter_id = ANY (%(ids)s::bigint[])
