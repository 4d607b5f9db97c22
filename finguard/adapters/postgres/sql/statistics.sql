-- name: extent
-- From the first alert to the last, whatever the range.
SELECT min(occurred_at) AS earliest, max(occurred_at) AS latest FROM alerts

-- name: count_transactions
-- Whole days and hours by their sums, the rest by the minute. OFFSET 0 has each piece look into its
-- own index, where the planner might otherwise join all of a table.
SELECT coalesce(sum(counted.transactions), 0)::bigint AS transactions
FROM unnest(%(grains)s::rollup_grain[], %(begins)s::timestamptz[], %(ends)s::timestamptz[])
  AS piece (grain, since, until)
CROSS JOIN LATERAL (
  SELECT transactions FROM transactions_per_day
  WHERE piece.grain = 'day' AND day >= piece.since AND day < piece.until
  UNION ALL
  SELECT transactions FROM transactions_per_hour
  WHERE piece.grain = 'hour' AND hour >= piece.since AND hour < piece.until
  UNION ALL
  SELECT transactions FROM transactions_per_minute
  WHERE piece.grain = 'minute' AND hour > piece.since - interval '1 hour' AND hour < piece.until
    AND minute >= piece.since AND minute < piece.until
  OFFSET 0
) AS counted

-- name: count_alerts
-- A row for each key of these facets; cities add up to their country. Whole hours and more by their
-- rollups, the minutes at both ends from the alerts themselves.
SELECT facet::text, CASE facet WHEN 'place' THEN key[:1] ELSE key END AS key, sum(alerts)::bigint AS alerts,
  sum(transactions)::bigint AS transactions, trim_scale(sum(amount)) AS amount
FROM unnest(%(grains)s::rollup_grain[], %(begins)s::timestamptz[], %(ends)s::timestamptz[])
  AS piece (grain, since, until)
CROSS JOIN LATERAL (
  SELECT facet, key, alerts, transactions, amount FROM alert_rollups
  WHERE facet = ANY (%(facets)s::rollup_facet[]) AND grain = piece.grain
    AND begins >= piece.since AND begins < piece.until
  UNION ALL
  SELECT facet, key, alerts, transactions, amount FROM alert_facets
  WHERE piece.grain = 'minute' AND occurred_at >= piece.since AND occurred_at < piece.until
    AND facet = ANY (%(facets)s::rollup_facet[])
  OFFSET 0
) AS counted
GROUP BY 1, 2
HAVING sum(alerts) > 0
ORDER BY 1, 2

-- name: count_dead_letters
-- Dead letters have no time of their own that could be trusted: they count by Kafka's.
SELECT count(*) AS dead_letters
FROM dead_letters
WHERE published_at >= %(since)s AND published_at < %(until)s

-- name: dead_letters_by_bucket
-- Why and what became of them; buckets lie between neighbouring bounds.
SELECT width_bucket(published_at, %(bounds)s::timestamptz[]) AS number, reason, status,
  count(*) AS counted
FROM dead_letters
WHERE published_at >= %(since)s AND published_at < %(until)s
GROUP BY 1, 2, 3

-- name: backlog
-- What holds now, whatever the range.
SELECT clock_timestamp() AS as_of,
  (SELECT coalesce(sum(alerts), 0)::bigint FROM alert_rollups
   WHERE facet = 'verdict' AND grain = 'ever' AND key[3] = 'open') AS open_alerts,
  (SELECT max(occurred_at) FROM alerts) AS latest_alert_at,
  least((SELECT min(day) FROM transactions_per_day), (SELECT min(occurred_at) FROM alerts)) AS earliest_at

-- name: transactions_by_bucket
-- A row for each bucket in which anything happened; buckets lie between neighbouring bounds. The
-- range comes in pieces whose grain divides all their buckets. OFFSET 0 as in count_transactions.
SELECT width_bucket(counted.begins, %(bounds)s::timestamptz[]) AS number,
  sum(counted.transactions)::bigint AS counted
FROM unnest(%(grains)s::rollup_grain[], %(begins)s::timestamptz[], %(ends)s::timestamptz[])
  AS piece (grain, since, until)
CROSS JOIN LATERAL (
  SELECT day AS begins, transactions FROM transactions_per_day
  WHERE piece.grain = 'day' AND day >= piece.since AND day < piece.until
  UNION ALL
  SELECT hour, transactions FROM transactions_per_hour
  WHERE piece.grain = 'hour' AND hour >= piece.since AND hour < piece.until
  UNION ALL
  SELECT quarter, transactions FROM transactions_per_quarter
  WHERE piece.grain = 'quarter' AND hour > piece.since - interval '1 hour' AND hour < piece.until
    AND quarter >= piece.since AND quarter < piece.until
  UNION ALL
  SELECT minute, transactions FROM transactions_per_minute
  WHERE piece.grain = 'minute' AND hour > piece.since - interval '1 hour' AND hour < piece.until
    AND minute >= piece.since AND minute < piece.until
  OFFSET 0
) AS counted
GROUP BY 1

-- name: alerts_by_bucket
-- The same of alerts.
SELECT width_bucket(counted.begins, %(bounds)s::timestamptz[]) AS number,
  sum(counted.alerts)::bigint AS counted
FROM unnest(%(grains)s::rollup_grain[], %(begins)s::timestamptz[], %(ends)s::timestamptz[])
  AS piece (grain, since, until)
CROSS JOIN LATERAL (
  SELECT begins, alerts FROM alert_rollups
  WHERE facet = 'total' AND grain = piece.grain AND begins >= piece.since AND begins < piece.until
  UNION ALL
  SELECT occurred_at, 1 FROM alerts
  WHERE piece.grain = 'minute' AND occurred_at >= piece.since AND occurred_at < piece.until
  OFFSET 0
) AS counted
GROUP BY 1

-- name: alerts_by_hour_of_week
-- A row for each hour of the week, on a clock of the zone, in which anything happened.
WITH counted AS (
  SELECT begins, sum(alerts) AS alerts FROM alert_rollups
  WHERE facet = 'total' AND grain = %(grain)s AND begins >= %(since)s AND begins < %(until)s
  GROUP BY begins
)
SELECT extract(isodow FROM begins AT TIME ZONE %(zone)s)::integer AS weekday,
  extract(hour FROM begins AT TIME ZONE %(zone)s)::integer AS hour, sum(alerts)::bigint AS alerts
FROM counted
GROUP BY 1, 2
HAVING sum(alerts) > 0

-- name: top_cities
-- As count_alerts, those with the most first.
SELECT key[1] AS country, key[2] AS city, sum(alerts)::bigint AS alerts,
  sum(transactions)::bigint AS alerted_transactions
FROM unnest(%(grains)s::rollup_grain[], %(begins)s::timestamptz[], %(ends)s::timestamptz[])
  AS piece (grain, since, until)
CROSS JOIN LATERAL (
  SELECT key, alerts, transactions FROM alert_rollups
  WHERE facet = 'place' AND grain = piece.grain AND begins >= piece.since AND begins < piece.until
  UNION ALL
  SELECT key, alerts, transactions FROM alert_facets
  WHERE piece.grain = 'minute' AND occurred_at >= piece.since AND occurred_at < piece.until
    AND facet = 'place'
  OFFSET 0
) AS counted
GROUP BY key
HAVING sum(alerts) > 0
ORDER BY 3 DESC, key
LIMIT %(limit)s

-- name: top_users_ever
-- Of all alerts, by an index.
SELECT user_id, alerts, latest_alert_at
FROM (
  SELECT user_id, alerts FROM alerts_per_user
  WHERE alerts > 0 ORDER BY alerts DESC, user_id LIMIT %(limit)s
) AS most
CROSS JOIN LATERAL (
  SELECT max(occurred_at) AS latest_alert_at FROM alerts WHERE alerts.user_id = most.user_id
) AS latest
ORDER BY alerts DESC, user_id

-- name: top_users
-- Of a part of them, by counting them: users are too many for a rollup to be shorter.
SELECT user_id, count(*) AS alerts, max(occurred_at) AS latest_alert_at
FROM alerts
WHERE occurred_at >= %(since)s AND occurred_at < %(until)s
GROUP BY user_id
ORDER BY alerts DESC, user_id
LIMIT %(limit)s

-- name: latest_places
-- Where the latest alerts of a range happened, and the journeys that the travel rule objected to.
SELECT alert_id, user_id, rule, severity, status, city, country, lat, lon, occurred_at,
  evidence -> 'journeys' AS journeys
FROM alerts
WHERE occurred_at >= %(since)s AND occurred_at < %(until)s
ORDER BY occurred_at DESC, alert_id DESC
LIMIT %(limit)s

-- name: applied_migrations
-- Also the API's question whether the database is well.
SELECT name FROM schema_migrations ORDER BY name
