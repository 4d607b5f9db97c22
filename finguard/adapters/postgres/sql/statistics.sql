-- name: count_transactions
-- Transactions of whole minutes.
SELECT coalesce(sum(transactions), 0)::bigint AS transactions
FROM transactions_per_minute
WHERE hour > %(since)s::timestamptz - interval '1 hour' AND hour < %(until)s
  AND minute >= %(since)s AND minute < %(until)s

-- name: count_alerts
-- At most a row for each rule, severity and status; every total follows from them.
SELECT rule, severity, status, count(*) AS alerts
FROM alerts
WHERE occurred_at >= %(since)s AND occurred_at < %(until)s
GROUP BY rule, severity, status
ORDER BY rule, severity, status

-- name: alerted_transactions
-- Each transaction and its amount once, however many rules it broke. ON lets the planner walk the
-- unique index in its order, where a plain DISTINCT would hash every row.
SELECT currency, count(*) AS transactions, trim_scale(sum(amount)) AS amount
FROM (
  SELECT DISTINCT ON (user_id, transaction_id) currency, amount
  FROM alerts
  WHERE occurred_at >= %(since)s AND occurred_at < %(until)s
  ORDER BY user_id, transaction_id
) AS alerted
GROUP BY currency
ORDER BY currency

-- name: count_dead_letters
-- Dead letters have no time of their own that could be trusted: they count by Kafka's.
SELECT count(*) AS dead_letters
FROM dead_letters
WHERE published_at >= %(since)s AND published_at < %(until)s

-- name: backlog
-- What holds now, whatever the range.
SELECT clock_timestamp() AS as_of,
  (SELECT count(*) FROM alerts WHERE status = 'open') AS open_alerts,
  (SELECT max(occurred_at) FROM alerts) AS latest_alert_at

-- name: timeline
-- One row for each bucket, also for those in which nothing happened.
WITH counted AS (
  SELECT date_trunc(%(bucket)s, minute, 'UTC') AS bucket, sum(transactions)::bigint AS transactions
  FROM transactions_per_minute
  WHERE hour > %(since)s::timestamptz - interval '1 hour' AND hour < %(until)s
    AND minute >= %(since)s AND minute < %(until)s
  GROUP BY 1
), alerted AS (
  SELECT date_trunc(%(bucket)s, occurred_at, 'UTC') AS bucket, count(*) AS alerts
  FROM alerts
  WHERE occurred_at >= %(since)s AND occurred_at < %(until)s
  GROUP BY 1
)
SELECT bucket, coalesce(transactions, 0) AS transactions, coalesce(alerts, 0) AS alerts
FROM generate_series(
  %(since)s::timestamptz, %(until)s::timestamptz - %(step)s::interval, %(step)s::interval
) AS series (bucket)
LEFT JOIN counted USING (bucket)
LEFT JOIN alerted USING (bucket)
ORDER BY bucket

-- name: applied_migrations
-- Also the API's question whether the database is well.
SELECT name FROM schema_migrations ORDER BY name
