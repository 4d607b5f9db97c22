-- Alerts counted as they are stored, so that statistics of millions of them read a few hundred rows.
-- docs/statistics.md says what is counted, and argues why it is exact.

-- Triage may have brought it already.
ALTER TABLE alerts ADD COLUMN IF NOT EXISTS triaged_at timestamptz;

CREATE TYPE rollup_facet AS ENUM ('total', 'verdict', 'place', 'currency', 'triage');
-- No rollup has minutes: pieces of a range that are minutes are counted from the alerts.
CREATE TYPE rollup_grain AS ENUM ('minute', 'quarter', 'hour', 'day', 'month', 'ever');

-- Lane: the partition whose detector stored the alert, so that two detectors never wait for one
-- another's row; -1 for whatever people change later, so that no detector waits for a person either.
CREATE TABLE alert_rollups (
    facet         rollup_facet NOT NULL,
    grain         rollup_grain NOT NULL,
    begins        timestamptz NOT NULL,
    key           text[] COLLATE "C" NOT NULL,
    lane          integer     NOT NULL,
    alerts        bigint      NOT NULL,
    transactions  bigint      NOT NULL,
    amount        numeric     NOT NULL,
    PRIMARY KEY (facet, grain, begins, key, lane)
) WITH (fillfactor = 70);

COMMENT ON TABLE alert_rollups IS 'lanes count changes: only their sum is a number of alerts';
COMMENT ON COLUMN alert_rollups.key IS 'the values of the facet, see the view alert_facets';
COMMENT ON COLUMN alert_rollups.begins IS 'of the quarter, hour, day or month in UTC; or -infinity';
COMMENT ON COLUMN alert_rollups.transactions IS
    'each counts at its first alert alone; 0 for facets that triage moves';
COMMENT ON COLUMN alert_rollups.amount IS 'of these transactions; kept where the key is a currency';

-- No lanes: a user's transactions are all in one partition. People delete, but hardly ever.
CREATE TABLE alerts_per_user (
    user_id  text   PRIMARY KEY,
    alerts   bigint NOT NULL
);

CREATE INDEX alerts_per_user_by_alerts ON alerts_per_user (alerts DESC, user_id);

-- Seconds, rounded down to two significant digits: less than a tenth low, and few enough keys to count each.
CREATE FUNCTION to_two_digits(seconds double precision) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
    CASE WHEN seconds < 100 THEN floor(greatest(seconds, 0))::bigint
         ELSE trunc(seconds::numeric, 1 - floor(log(seconds))::integer)::bigint END;

CREATE FUNCTION triage_key(status text, detected_at timestamptz, triaged_at timestamptz)
RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE WHEN status <> 'open' AND triaged_at IS NOT NULL
         THEN ARRAY[to_two_digits(extract(epoch FROM triaged_at - detected_at)::double precision)::text]
    END;

-- What one alert adds to each facet. A transaction counts at its first alert; the correlated
-- EXISTS is one look into the index of unique keys.
CREATE VIEW alert_facets AS
SELECT a.alert_id, a.occurred_at, a.partition AS lane, f.facet, f.key, 1 AS alerts,
    CASE WHEN f.facet IN ('verdict', 'triage') THEN 0 ELSE first.transactions END AS transactions,
    CASE WHEN f.facet = 'currency' THEN a.amount * first.transactions ELSE 0 END AS amount
FROM alerts AS a
CROSS JOIN LATERAL (
    SELECT (NOT EXISTS (
        SELECT FROM alerts AS earlier
        WHERE earlier.user_id = a.user_id AND earlier.transaction_id = a.transaction_id
          AND earlier.alert_id < a.alert_id
    ))::integer AS transactions
    OFFSET 0
) AS first
CROSS JOIN LATERAL (VALUES
    ('total'::rollup_facet, '{}'::text[]),
    ('verdict', ARRAY[a.rule, a.severity, a.status]),
    ('place', ARRAY[a.country, a.city]),
    ('currency', ARRAY[a.currency]),
    ('triage', triage_key(a.status, a.detected_at, a.triaged_at))
) AS f (facet, key)
WHERE f.key IS NOT NULL;

CREATE TYPE alert_change AS (
    occurred_at timestamptz, lane integer, facet rollup_facet, key text[] COLLATE "C",
    alerts bigint, transactions bigint, amount numeric
);

-- Adds changes to every grain of their facets, in one order, so that two who do it do not deadlock.
-- First by quarter: what happened together is written once.
CREATE FUNCTION roll_up(changes alert_change[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH fine AS (
        SELECT c.facet, c.key, c.lane, date_bin('15 minutes', c.occurred_at, 'epoch') AS quarter,
            sum(c.alerts) AS alerts, sum(c.transactions) AS transactions, sum(c.amount) AS amount
        FROM unnest(changes) AS c
        GROUP BY 1, 2, 3, 4
    )
    INSERT INTO alert_rollups AS r (facet, grain, begins, key, lane, alerts, transactions, amount)
    SELECT fine.facet, g.grain, g.begins, fine.key, fine.lane,
        sum(fine.alerts), sum(fine.transactions), sum(fine.amount)
    FROM fine
    CROSS JOIN LATERAL (VALUES
        ('quarter'::rollup_grain, quarter),
        ('hour', date_trunc('hour', quarter, 'UTC')),
        ('day', date_trunc('day', quarter, 'UTC')),
        ('month', date_trunc('month', quarter, 'UTC')),
        ('ever', '-infinity')
    ) AS g (grain, begins)
    -- Totals make the timelines, in any zone; nobody reads the others by quarter.
    WHERE CASE fine.facet WHEN 'total' THEN g.grain IN ('quarter', 'hour', 'day')
          ELSE g.grain <> 'quarter' END
    GROUP BY 1, 2, 3, 4, 5
    HAVING (sum(fine.alerts), sum(fine.transactions), sum(fine.amount)) <> (0, 0, 0)
    ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (facet, grain, begins, key, lane) DO UPDATE SET
        alerts = r.alerts + EXCLUDED.alerts,
        transactions = r.transactions + EXCLUDED.transactions,
        amount = r.amount + EXCLUDED.amount;
END
$$;

-- A detector keeps its plan from the day when the table was empty; it must not be a scan.
CREATE FUNCTION roll_up_stored_alerts() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM stored) THEN
        RETURN NULL;
    END IF;
    PERFORM roll_up(array_agg((f.occurred_at, f.lane, f.facet, f.key, f.alerts, f.transactions,
                               f.amount)::alert_change))
    FROM alert_facets AS f WHERE f.alert_id IN (SELECT alert_id FROM stored);
    INSERT INTO alerts_per_user AS u (user_id, alerts)
    SELECT user_id, count(*) FROM stored GROUP BY user_id ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET alerts = u.alerts + EXCLUDED.alerts;
    RETURN NULL;
END
$$;

CREATE TRIGGER alerts_roll_up_stored
    AFTER INSERT ON alerts REFERENCING NEW TABLE AS stored
    FOR EACH STATEMENT EXECUTE FUNCTION roll_up_stored_alerts();

CREATE FUNCTION roll_up_changed_alerts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM roll_up(array_agg((occurred_at, -1, facet, key, sign, 0, 0)::alert_change))
    FROM (
        SELECT -1 AS sign, * FROM former UNION ALL SELECT 1, * FROM changed
    ) AS a
    CROSS JOIN LATERAL (VALUES
        ('verdict'::rollup_facet, ARRAY[rule, severity, status]),
        ('triage', triage_key(status, detected_at, triaged_at))
    ) AS f (facet, key)
    WHERE key IS NOT NULL
    HAVING count(*) > 0;
    RETURN NULL;
END
$$;

CREATE TRIGGER alerts_roll_up_changed
    AFTER UPDATE ON alerts REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION roll_up_changed_alerts();

-- Triage changes what people think of an alert, never what was found. The rollups rely on it.
CREATE FUNCTION refuse_changing_findings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was found does not change' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER alerts_keep_findings
    BEFORE UPDATE OF alert_id, user_id, transaction_id, rule, severity, amount, currency, city, country,
        occurred_at, detected_at, partition ON alerts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_findings();

-- A transaction whose first alert goes counts from then on at the first of those that stay.
CREATE FUNCTION roll_up_deleted_alerts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM deleted) THEN
        RETURN NULL;
    END IF;
    PERFORM roll_up(array_agg((occurred_at, -1, facet, key, -1,
        CASE WHEN facet IN ('verdict', 'triage') THEN 0 ELSE -weight END,
        CASE WHEN facet = 'currency' THEN -amount * weight ELSE 0 END)::alert_change))
    FROM (
        SELECT d.*, (
            d.alert_id = min(d.alert_id) OVER (PARTITION BY d.user_id, d.transaction_id)
            AND NOT EXISTS (
                SELECT FROM alerts AS kept
                WHERE kept.user_id = d.user_id AND kept.transaction_id = d.transaction_id
                  AND kept.alert_id < d.alert_id)
        )::integer AS weight
        FROM deleted AS d
    ) AS a
    CROSS JOIN LATERAL (VALUES
        ('total'::rollup_facet, '{}'::text[]),
        ('verdict', ARRAY[rule, severity, status]),
        ('place', ARRAY[country, city]),
        ('currency', ARRAY[currency]),
        ('triage', triage_key(status, detected_at, triaged_at))
    ) AS f (facet, key)
    WHERE key IS NOT NULL;
    PERFORM roll_up(array_agg((f.occurred_at, -1, f.facet, f.key, 0, 1, f.amount)::alert_change))
    FROM (
        SELECT user_id, transaction_id, min(alert_id) AS was_first FROM deleted GROUP BY 1, 2
    ) AS gone
    JOIN alerts AS kept USING (user_id, transaction_id)
    JOIN alert_facets AS f ON f.alert_id = kept.alert_id
    WHERE kept.alert_id > gone.was_first AND f.transactions = 1
    HAVING count(*) > 0;
    UPDATE alerts_per_user AS u SET alerts = u.alerts - gone.alerts
    FROM (SELECT user_id, count(*) AS alerts FROM deleted GROUP BY user_id) AS gone
    WHERE u.user_id = gone.user_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER alerts_roll_up_deleted
    AFTER DELETE ON alerts REFERENCING OLD TABLE AS deleted
    FOR EACH STATEMENT EXECUTE FUNCTION roll_up_deleted_alerts();

-- Transactions of whole days, for the same reason.
CREATE TABLE transactions_per_day (
    day           timestamptz NOT NULL,
    topic_id      text        NOT NULL,
    partition     integer     NOT NULL,
    transactions  bigint      NOT NULL,
    PRIMARY KEY (day, topic_id, partition)
) WITH (fillfactor = 70);

CREATE FUNCTION count_transactions_of_days() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO transactions_per_day AS d (day, topic_id, partition, transactions)
        SELECT date_trunc('day', hour, 'UTC'), topic_id, partition, sum(transactions)
        FROM now_there GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (day, topic_id, partition)
        DO UPDATE SET transactions = d.transactions + EXCLUDED.transactions;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO transactions_per_day AS d (day, topic_id, partition, transactions)
        SELECT date_trunc('day', hour, 'UTC'), topic_id, partition, sum(transactions)
        FROM (
            SELECT hour, topic_id, partition, transactions FROM now_there
            UNION ALL SELECT hour, topic_id, partition, -transactions FROM there_before
        ) AS change
        GROUP BY 1, 2, 3 HAVING sum(transactions) <> 0 ORDER BY 1, 2, 3
        ON CONFLICT (day, topic_id, partition)
        DO UPDATE SET transactions = d.transactions + EXCLUDED.transactions;
    ELSE
        UPDATE transactions_per_day AS d SET transactions = d.transactions - gone.transactions
        FROM (
            SELECT date_trunc('day', hour, 'UTC') AS day, topic_id, partition,
                sum(transactions) AS transactions
            FROM there_before GROUP BY 1, 2, 3
        ) AS gone
        WHERE (d.day, d.topic_id, d.partition) = (gone.day, gone.topic_id, gone.partition);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER transactions_per_hour_added
    AFTER INSERT ON transactions_per_hour REFERENCING NEW TABLE AS now_there
    FOR EACH STATEMENT EXECUTE FUNCTION count_transactions_of_days();
CREATE TRIGGER transactions_per_hour_raised
    AFTER UPDATE ON transactions_per_hour
    REFERENCING OLD TABLE AS there_before NEW TABLE AS now_there
    FOR EACH STATEMENT EXECUTE FUNCTION count_transactions_of_days();
CREATE TRIGGER transactions_per_hour_forgotten
    AFTER DELETE ON transactions_per_hour REFERENCING OLD TABLE AS there_before
    FOR EACH STATEMENT EXECUTE FUNCTION count_transactions_of_days();

-- Counts everything afresh: for what was there before this migration, and after a bulk load with the
-- triggers disabled. Nobody stores an alert meanwhile.
CREATE FUNCTION recount_rollups() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE alerts, transactions_per_hour IN SHARE ROW EXCLUSIVE MODE;
    TRUNCATE alert_rollups, alerts_per_user, transactions_per_day;

    CREATE TEMPORARY TABLE counted ON COMMIT DROP AS
    SELECT alert_id, occurred_at, partition AS lane, rule, severity, status, country, city, currency,
        triage_key(status, detected_at, triaged_at) AS triage, amount,
        (row_number() OVER (PARTITION BY user_id, transaction_id ORDER BY alert_id) = 1)::integer
            AS transactions
    FROM alerts;

    INSERT INTO alert_rollups (facet, grain, begins, key, lane, alerts, transactions, amount)
    SELECT facet, CASE facet WHEN 'total' THEN 'quarter' ELSE 'hour' END::rollup_grain,
        CASE facet WHEN 'total' THEN date_bin('15 minutes', occurred_at, 'epoch')
        ELSE date_trunc('hour', occurred_at, 'UTC') END,
        key, lane, count(*),
        sum(CASE WHEN facet IN ('verdict', 'triage') THEN 0 ELSE transactions END),
        sum(CASE facet WHEN 'currency' THEN amount * transactions ELSE 0 END)
    FROM counted
    CROSS JOIN LATERAL (VALUES
        ('total'::rollup_facet, '{}'::text[]),
        ('verdict', ARRAY[rule, severity, status]),
        ('place', ARRAY[country, city]),
        ('currency', ARRAY[currency]),
        ('triage', triage)
    ) AS f (facet, key)
    WHERE key IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5;
    DROP TABLE counted;

    INSERT INTO alert_rollups (facet, grain, begins, key, lane, alerts, transactions, amount)
    SELECT facet, g.grain, g.begins, key, lane, sum(alerts), sum(transactions), sum(amount)
    FROM alert_rollups AS r
    CROSS JOIN LATERAL (VALUES
        ('hour'::rollup_grain, date_trunc('hour', r.begins, 'UTC')),
        ('day', date_trunc('day', r.begins, 'UTC')),
        ('month', date_trunc('month', r.begins, 'UTC')),
        ('ever', '-infinity')
    ) AS g (grain, begins)
    WHERE CASE facet WHEN 'total' THEN g.grain IN ('hour', 'day') ELSE g.grain <> 'hour' END
    GROUP BY 1, 2, 3, 4, 5;

    INSERT INTO alerts_per_user SELECT user_id, count(*) FROM alerts GROUP BY user_id;
    INSERT INTO transactions_per_day
    SELECT date_trunc('day', hour, 'UTC'), topic_id, partition, sum(transactions)
    FROM transactions_per_hour GROUP BY 1, 2, 3;
END
$$;

SET LOCAL statement_timeout = 0;
SELECT recount_rollups();

-- Emptied tables have nothing to count.
CREATE FUNCTION empty_rollups() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'alerts' THEN
        DELETE FROM alert_rollups;
        DELETE FROM alerts_per_user;
    ELSE
        DELETE FROM transactions_per_day;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER alerts_emptied
    AFTER TRUNCATE ON alerts FOR EACH STATEMENT EXECUTE FUNCTION empty_rollups();
CREATE TRIGGER transactions_per_hour_emptied
    AFTER TRUNCATE ON transactions_per_hour FOR EACH STATEMENT EXECUTE FUNCTION empty_rollups();
