-- name: beat
-- A sign of life: the row is made by the first and renewed by the next ones.
INSERT INTO detectors (
  instance_id, host, pid, version, group_id, topic, http_address, started_at, rules, beat_at,
  partitions, lags, positions, lag, transactions, transactions_per_second,
  latency_bounds_s, latency_counts, latency_sum_s, rebuilding, outage, outage_since
) VALUES (
  %(instance_id)s, %(host)s, %(pid)s, %(version)s, %(group)s, %(topic)s, %(http_address)s,
  %(started_at)s, %(rules)s, clock_timestamp(),
  %(partitions)s, %(lags)s::bigint[], %(positions)s::bigint[], %(lag)s, %(transactions)s,
  %(transactions_per_second)s, %(latency_bounds_s)s, %(latency_counts)s, %(latency_sum_s)s,
  %(rebuilding)s, %(outage)s, %(outage_since)s
)
ON CONFLICT (instance_id) DO UPDATE SET
  beat_at = EXCLUDED.beat_at, partitions = EXCLUDED.partitions, lags = EXCLUDED.lags,
  positions = EXCLUDED.positions, lag = EXCLUDED.lag, transactions = EXCLUDED.transactions,
  transactions_per_second = EXCLUDED.transactions_per_second,
  latency_counts = EXCLUDED.latency_counts, latency_sum_s = EXCLUDED.latency_sum_s,
  rebuilding = EXCLUDED.rebuilding, outage = EXCLUDED.outage, outage_since = EXCLUDED.outage_since

-- name: prune
-- Members that ended without a word, long enough ago that nobody looks for them here any more.
DELETE FROM detectors WHERE beat_at < clock_timestamp() - make_interval(secs => %(age_s)s)

-- name: leave
-- A clean end.
DELETE FROM detectors WHERE instance_id = %(instance_id)s

-- name: list_detectors
-- The members, those with the earliest start first. Their silence is measured by one clock.
SELECT instance_id, host, pid, version, group_id, topic, http_address, started_at, beat_at,
  extract(epoch FROM clock_timestamp() - beat_at)::double precision AS silent_s,
  partitions, lags, positions, lag, transactions, transactions_per_second,
  latency_bounds_s, latency_counts, latency_sum_s, rebuilding, outage, outage_since
FROM detectors
ORDER BY started_at, instance_id
LIMIT %(limit)s

-- name: list_rules
-- What each member that is not silent judges by, those with the earliest start first.
SELECT instance_id, rules
FROM detectors
WHERE beat_at > clock_timestamp() - make_interval(secs => %(silent_after_s)s)
ORDER BY started_at, instance_id
LIMIT %(limit)s
