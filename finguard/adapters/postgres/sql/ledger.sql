-- name: first_sight_of_topic
-- Remembers the topic the group begins with.
INSERT INTO topics (group_id, topic, topic_id, partitions)
VALUES (%(group)s, %(topic)s, %(topic_id)s, %(partitions)s)
ON CONFLICT DO NOTHING

-- name: known_topic
-- The topic the group began with.
SELECT topic_id, partitions FROM topics WHERE group_id = %(group)s AND topic = %(topic)s

-- name: accept_new_topic
-- Forgets the old topic: an operator has said that its loss is accepted.
UPDATE topics SET topic_id = %(topic_id)s, partitions = %(partitions)s
WHERE group_id = %(group)s AND topic = %(topic)s

-- name: claim_partition
-- Takes a partition over. Waits on the row for a predecessor's open commit, so that the offset
-- returned is the last that an older epoch could ever reach.
INSERT INTO progress AS p (group_id, topic_id, partition, topic, epoch, next_offset)
VALUES (%(group)s, %(topic_id)s, %(partition)s, %(topic)s, 1, %(start)s)
ON CONFLICT (group_id, topic_id, partition)
DO UPDATE SET epoch = p.epoch + 1, updated_at = clock_timestamp()
RETURNING p.epoch, p.next_offset

-- name: forget_counts
-- A group that reads a partition for the first time counts it from its start. What another group
-- had counted of it would otherwise be there twice; alerts and dead letters are unique by themselves.
DELETE FROM transactions_per_hour WHERE topic_id = %(topic_id)s AND partition = %(partition)s

-- name: advance_progress
-- Moves partitions on, those that the writer still owns and where nothing was done in between.
-- The rows are locked in the order in which claims lock them, so that the two never deadlock.
WITH owned AS (
  SELECT p.partition, span.next_offset
  FROM progress AS p
  JOIN unnest(%(partitions)s::int[], %(epochs)s::bigint[], %(firsts)s::bigint[], %(ends)s::bigint[])
    AS span (partition, epoch, first, next_offset)
    ON p.partition = span.partition AND p.epoch = span.epoch AND p.next_offset = span.first
  WHERE p.group_id = %(group)s AND p.topic_id = %(topic_id)s
  ORDER BY p.partition
  FOR UPDATE OF p
)
UPDATE progress AS p SET next_offset = owned.next_offset, updated_at = clock_timestamp()
FROM owned
WHERE p.group_id = %(group)s AND p.topic_id = %(topic_id)s AND p.partition = owned.partition

-- name: read_progress
-- Tells a batch that was already stored from one whose partition has a new owner.
SELECT partition, epoch, next_offset FROM progress
WHERE group_id = %(group)s AND topic_id = %(topic_id)s

-- name: insert_alerts
-- Never overwrites: an alert that exists may carry an analyst's decision. Each is marked with the
-- oldest suppression that counts at the moment of the statement, which is also the alerts' own; a
-- redelivery writes nothing and thereby marks nothing.
INSERT INTO alerts (
  user_id, transaction_id, rule, rule_version, severity, score, story, evidence, incident_id,
  amount, currency, merchant, category, channel, city, country, lat, lon, occurred_at,
  published_at, topic, topic_id, partition, "offset", detected_at, suppressed_by
)
SELECT v.user_id, v.transaction_id, v.rule, v.rule_version, v.severity, v.score, v.story,
  v.evidence::jsonb, v.incident_id, v.amount, v.currency, v.merchant, v.category, v.channel, v.city,
  v.country, v.lat, v.lon, v.occurred_at, v.published_at, v.topic, v.topic_id, v.partition,
  v."offset", moment.detected_at, suppression.suppression_id
FROM (SELECT clock_timestamp() AS detected_at OFFSET 0) AS moment
CROSS JOIN (VALUES %s) AS v (
  user_id, transaction_id, rule, rule_version, severity, score, story, evidence, incident_id,
  amount, currency, merchant, category, channel, city, country, lat, lon, occurred_at,
  published_at, topic, topic_id, partition, "offset"
)
LEFT JOIN LATERAL (
  SELECT s.suppression_id FROM suppressions AS s
  WHERE s.user_id = v.user_id AND s.withdrawn_at IS NULL AND (s.rule IS NULL OR s.rule = v.rule)
    AND (s.expires_at IS NULL OR s.expires_at > moment.detected_at)
  ORDER BY s.suppression_id LIMIT 1
) AS suppression ON true
ON CONFLICT (user_id, transaction_id, rule) DO NOTHING

-- name: insert_dead_letters
-- Lists what was sent to the dead-letter topic, once per offset, and once per attempt of a chain.
-- Headers are anybody's: a letter joins the chain only if its bytes are those that were sent again
-- for the letter it names. The attempt is counted from there, and never taken from a header.
INSERT INTO dead_letters (
  topic, topic_id, partition, "offset", stage, reason, detail, error_class, size,
  dlq_partition, dlq_offset, published_at, attempt, replay_of
)
SELECT v.topic, v.topic_id, v.partition, v."offset", v.stage, v.reason, v.detail, v.error_class,
  v.size, v.dlq_partition::integer, v.dlq_offset::bigint, v.published_at,
  coalesce(parent.attempt + 1, 1), coalesce(parent.replay_of, parent.dead_letter_id)
FROM (VALUES %s) AS v (
  topic, topic_id, partition, "offset", stage, reason, detail, error_class, size,
  dlq_partition, dlq_offset, published_at, replays, sha256
)
LEFT JOIN dead_letters AS parent
  ON parent.dead_letter_id = v.replays::bigint AND parent.replay_sha256 = v.sha256
  AND coalesce(parent.replay_partition, v.partition) = v.partition
ORDER BY v.partition, v."offset"
ON CONFLICT DO NOTHING

-- name: mark_replayed
-- A replay that came back as the next letter was sent, even if whoever sent it died before saying
-- so.
WITH parents AS (
  SELECT parent.dead_letter_id
  FROM (VALUES %s) AS v (replays, sha256, partition)
  JOIN dead_letters AS parent
    ON parent.dead_letter_id = v.replays AND parent.replay_sha256 = v.sha256
    AND coalesce(parent.replay_partition, v.partition) = v.partition
  WHERE parent.status = 'open'
  ORDER BY parent.dead_letter_id FOR UPDATE OF parent
)
UPDATE dead_letters SET status = 'replayed'
WHERE dead_letter_id IN (SELECT dead_letter_id FROM parents) AND status = 'open'

-- name: resolve_letters
-- A replay was judged well: its message needs nobody any more, and so its whole chain is done. A
-- letter counts only if the bytes judged are those that were sent again for it.
WITH judged AS (
  SELECT DISTINCT coalesce(letter.replay_of, letter.dead_letter_id) AS chain
  FROM (VALUES %s) AS v (id, sha256, partition)
  JOIN dead_letters AS letter
    ON letter.dead_letter_id = v.id AND letter.replay_sha256 = v.sha256
    AND coalesce(letter.replay_partition, v.partition) = v.partition
), done AS (
  SELECT letter.dead_letter_id
  FROM judged JOIN dead_letters AS letter
    ON letter.dead_letter_id = judged.chain OR letter.replay_of = judged.chain
  WHERE letter.status IN ('open', 'replayed')
  ORDER BY letter.dead_letter_id FOR UPDATE OF letter
)
UPDATE dead_letters
SET status = 'resolved', status_at = clock_timestamp(), status_by = 'detector'
WHERE dead_letter_id IN (SELECT dead_letter_id FROM done)

-- name: count_transactions
-- Adds to the counters; the progress row of the same commit makes sure that it happens once.
INSERT INTO transactions_per_hour AS t (hour, topic_id, partition, transactions, by_minute)
VALUES %s
ON CONFLICT (hour, topic_id, partition) DO UPDATE SET
  transactions = t.transactions + EXCLUDED.transactions,
  by_minute = (
    SELECT array_agg(was + more ORDER BY number)
    FROM unnest(t.by_minute, EXCLUDED.by_minute) WITH ORDINALITY AS minutes (was, more, number)
  )
