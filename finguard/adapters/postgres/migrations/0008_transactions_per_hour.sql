-- The minutes of an hour in one row: a file that is replayed spreads its transactions over its own
-- months, and a row for each minute made the counters the most expensive part of a batch.

CREATE TABLE transactions_per_hour (
    hour          timestamptz NOT NULL,
    topic_id      text        NOT NULL,
    partition     integer     NOT NULL,
    transactions  bigint      NOT NULL CHECK (transactions >= 0),
    by_minute     bigint[]    NOT NULL CHECK (cardinality(by_minute) = 60),
    PRIMARY KEY (hour, topic_id, partition)
);

COMMENT ON COLUMN transactions_per_hour.transactions IS 'the sum of by_minute';

INSERT INTO transactions_per_hour (hour, topic_id, partition, transactions, by_minute)
SELECT hour, topic_id, partition, sum(coalesce(old.transactions, 0)),
  array_agg(coalesce(old.transactions, 0) ORDER BY number)
FROM (
    SELECT DISTINCT date_trunc('hour', minute, 'UTC') AS hour, topic_id, partition
    FROM transactions_per_minute
) AS hours
CROSS JOIN generate_series(0, 59) AS number
LEFT JOIN LATERAL (
    SELECT o.transactions FROM transactions_per_minute AS o
    WHERE o.topic_id = hours.topic_id AND o.partition = hours.partition
      AND o.minute = hours.hour + make_interval(mins => number)
) AS old ON true
GROUP BY hour, topic_id, partition;

DROP TABLE transactions_per_minute;

CREATE VIEW transactions_per_minute AS
SELECT hour, hour + make_interval(mins => (number - 1)::integer) AS minute, topic_id, partition,
  counted.transactions
FROM transactions_per_hour
CROSS JOIN unnest(by_minute) WITH ORDINALITY AS counted (transactions, number)
WHERE counted.transactions > 0;

COMMENT ON VIEW transactions_per_minute IS 'restrict the hour as well: only the hour has an index';
