-- name: columns
-- A part of other queries: what a list shows of an alert.
alert_id, user_id, transaction_id, rule, severity, score, story, trim_scale(amount) AS amount,
  currency, merchant, category, channel, city, country, lat, lon, occurred_at, detected_at,
  incident_id, status, assignee, triaged_at, version, suppressed_by

-- name: matching
-- A part of other queries: what every filter takes. The driver writes the values into the
-- statement, so the planner sees an absent filter as the constant TRUE and drops it. One value is
-- compared as such: an index is in order behind one value, and behind several it is not.
(%(rule)s::text IS NULL OR rule = %(rule)s)
  AND (%(severity)s::text IS NULL OR severity = %(severity)s)
  AND (%(status)s::text IS NULL OR status = %(status)s)
  AND (%(country)s::text IS NULL OR country = %(country)s)
  AND (%(currency)s::text IS NULL OR currency = %(currency)s)
  AND (%(rules)s::text[] IS NULL OR rule = ANY (%(rules)s::text[]))
  AND (%(severities)s::text[] IS NULL OR severity = ANY (%(severities)s::text[]))
  AND (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s::text[]))
  AND (%(countries)s::text[] IS NULL OR country = ANY (%(countries)s::text[]))
  AND (%(currencies)s::text[] IS NULL OR currency = ANY (%(currencies)s::text[]))
  AND (%(user_id)s::text IS NULL OR user_id = %(user_id)s)
  AND (%(assignee)s::text IS NULL OR assignee = %(assignee)s)
  AND (%(assigned)s::boolean IS NULL OR (assignee IS NOT NULL) = %(assigned)s)
  AND (%(min_score)s::smallint IS NULL OR score >= %(min_score)s::smallint)
  AND (%(max_score)s::smallint IS NULL OR score <= %(max_score)s::smallint)
  AND (%(min_amount)s::numeric IS NULL OR amount >= %(min_amount)s)
  AND (%(max_amount)s::numeric IS NULL OR amount <= %(max_amount)s)
  AND (%(since)s::timestamptz IS NULL OR occurred_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR occurred_at < %(until)s)
  AND (%(suppressed)s::boolean IS NULL OR (suppressed_by IS NOT NULL) = %(suppressed)s)
  AND (%(text)s::text IS NULL OR words @@ search_query(%(text)s))

-- name: list_alerts
-- One page in one of the orders, beyond a position in it. Which index to walk or to collect from is
-- the planner's choice, by how common the values are. Only the page itself is fetched from the table.
WITH page AS MATERIALIZED (
  SELECT alert_id
  FROM alerts
  WHERE {matching}
    AND (%(at_id)s::bigint IS NULL OR {beyond})
  ORDER BY {order}
  LIMIT %(limit)s
)
SELECT {columns}
FROM page JOIN alerts USING (alert_id)
ORDER BY {order}

-- name: list_alerts_merged
-- The same where an index has the order within each value of a column: takes the first of every
-- wanted value, and merges these.
WITH page AS MATERIALIZED (
  SELECT first.alert_id
  FROM unnest(%(streams)s::text[]) AS stream (value)
  CROSS JOIN LATERAL (
    SELECT alert_id, occurred_at, score, amount
    FROM alerts
    WHERE {stream} = stream.value
      AND {matching}
      AND (%(at_id)s::bigint IS NULL OR {beyond})
    ORDER BY {order}
    LIMIT %(limit)s
  ) AS first
  ORDER BY {order_of_first}
  LIMIT %(limit)s
)
SELECT {columns}
FROM page JOIN alerts USING (alert_id)
ORDER BY {order}

-- name: list_all_alerts
-- The same without an end that would be worth collecting for: row by row as they are read.
SELECT {columns}
FROM alerts
WHERE {matching}
ORDER BY {order}
LIMIT %(limit)s

-- name: list_alerts_of_kinds
-- The same for filters by kind, also in some countries, in an order of time. A kind is a status, severity
-- and rule. Finds the kinds that exist by jumping from each to the next in its index, takes the
-- first alerts of every wanted one from an index that has them in order, and merges these: the cost
-- follows from the number of kinds and the page's length, however rare or common they are.
WITH RECURSIVE kinds AS (
  (SELECT status, severity, rule FROM alerts ORDER BY status, severity, rule LIMIT 1)
  UNION ALL
  SELECT following.status, following.severity, following.rule
  FROM kinds CROSS JOIN LATERAL (
    SELECT status, severity, rule FROM alerts
    WHERE (status, severity, rule) > (kinds.status, kinds.severity, kinds.rule)
    ORDER BY status, severity, rule LIMIT 1
  ) AS following
), streams AS (
  SELECT kinds.*, wanted.country
  FROM kinds CROSS JOIN unnest(coalesce(%(countries)s::text[], '{{NULL}}')) AS wanted (country)
  WHERE (%(rules)s::text[] IS NULL OR rule = ANY (%(rules)s::text[]))
    AND (%(severities)s::text[] IS NULL OR severity = ANY (%(severities)s::text[]))
    AND (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s::text[]))
), page AS (
  SELECT first.alert_id
  FROM streams CROSS JOIN LATERAL (
    SELECT occurred_at, alert_id FROM alerts
    WHERE alerts.status = streams.status AND alerts.severity = streams.severity
      AND alerts.rule = streams.rule
      AND (%(countries)s::text[] IS NULL OR alerts.country = streams.country)
      AND (%(since)s::timestamptz IS NULL OR occurred_at >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR occurred_at < %(until)s)
      AND (%(suppressed)s::boolean IS NULL OR (suppressed_by IS NOT NULL) = %(suppressed)s)
      AND (%(at_id)s::bigint IS NULL OR {beyond})
    ORDER BY {order}
    LIMIT %(limit)s
  ) AS first
  ORDER BY {order}
  LIMIT %(limit)s
)
SELECT {columns}
FROM page JOIN alerts USING (alert_id)
ORDER BY {order}

-- name: declare_export
-- A cursor on the server, so that neither side holds more than a part of a long list.
DECLARE export NO SCROLL CURSOR FOR
{query}

-- name: fetch_export
-- The next part.
FETCH FORWARD %(count)s FROM export

-- name: read_alert
-- One alert with all that explains it, and the place of its user's profile.
SELECT {columns}, evidence, rule_version, published_at,
  json_build_object('topic', topic, 'partition', partition, 'offset', "offset") AS source,
  topic_id, partition
FROM alerts
WHERE alert_id = %(alert_id)s

-- name: has_alert
-- One row if there is one.
SELECT alert_id FROM alerts WHERE alert_id = %(alert_id)s

-- name: incident_alert_ids
-- The other alerts of one incident; a transaction's id opens an incident, and such ids are unique
-- per user only.
SELECT alert_id FROM alerts
WHERE user_id = %(user_id)s AND incident_id = %(incident_id)s AND alert_id <> %(alert_id)s
ORDER BY occurred_at, alert_id
LIMIT %(limit)s

-- name: other_alerts
-- The newest of the user's other alerts.
SELECT {columns} FROM alerts
WHERE user_id = %(user_id)s AND alert_id <> %(alert_id)s
ORDER BY occurred_at DESC, alert_id DESC
LIMIT %(limit)s
