-- name: known_topic
-- Where the detectors keep the profiles that count: the topic that their group reads.
SELECT topic_id, partitions FROM topics WHERE group_id = %(group)s AND topic = %(topic)s

-- name: count_alerts
-- All of a customer's alerts by what people ask of them; as long as the customer has alerts.
SELECT rule, severity, status, suppressed_by IS NOT NULL AS is_suppressed, count(*) AS alerts,
  min(occurred_at) AS first_at, max(occurred_at) AS last_at
FROM alerts
WHERE user_id = %(user_id)s
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4

-- name: alerts_of_transactions
-- Which of a customer's transactions were found by a rule.
SELECT transaction_id, array_agg(alert_id ORDER BY alert_id) AS alert_ids
FROM alerts
WHERE user_id = %(user_id)s AND transaction_id = ANY (%(transaction_ids)s::text[])
GROUP BY transaction_id
