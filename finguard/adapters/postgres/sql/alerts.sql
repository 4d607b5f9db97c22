-- name: list_alerts
-- One page, newest first, below a position. The driver writes the values into the statement, so
-- the planner sees an absent filter as the constant TRUE and drops it.
SELECT alert_id, user_id, transaction_id, rule, severity, score, story,
  trim_scale(amount) AS amount, currency, merchant, category, channel, city, country, lat, lon,
  occurred_at, detected_at, incident_id, status
FROM alerts
WHERE (%(rules)s::text[] IS NULL OR rule = ANY (%(rules)s::text[]))
  AND (%(severities)s::text[] IS NULL OR severity = ANY (%(severities)s::text[]))
  AND (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s::text[]))
  AND (%(countries)s::text[] IS NULL OR country = ANY (%(countries)s::text[]))
  AND (%(user_id)s::text IS NULL OR user_id = %(user_id)s)
  AND (%(min_score)s::smallint IS NULL OR score >= %(min_score)s)
  AND (%(since)s::timestamptz IS NULL OR occurred_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR occurred_at < %(until)s)
  AND (%(below_time)s::timestamptz IS NULL
       OR (occurred_at, alert_id) < (%(below_time)s, %(below_id)s))
ORDER BY occurred_at DESC, alert_id DESC
LIMIT %(limit)s

-- name: read_alert
-- One alert with all that explains it.
SELECT alert_id, user_id, transaction_id, rule, severity, score, story,
  trim_scale(amount) AS amount, currency, merchant, category, channel, city, country, lat, lon,
  occurred_at, detected_at, incident_id, status, evidence, rule_version, published_at,
  json_build_object('topic', topic, 'partition', partition, 'offset', "offset") AS source
FROM alerts
WHERE alert_id = %(alert_id)s

-- name: incident_alert_ids
-- The other alerts of one incident; a transaction's id opens an incident, and such ids are unique
-- per user only.
SELECT alert_id FROM alerts
WHERE user_id = %(user_id)s AND incident_id = %(incident_id)s AND alert_id <> %(alert_id)s
ORDER BY occurred_at, alert_id
LIMIT %(limit)s
