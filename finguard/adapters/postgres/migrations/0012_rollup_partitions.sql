-- Rollups that are read together lie together. In one table, the totals of which timelines and weeks
-- are made lay one to a page among a thousand times as many others, and reading them took that many
-- pages. No index holds what updates change, so that they stay within their page (HOT).

-- Copying takes about ten seconds a million rollups; nobody stores an alert meanwhile.
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;

LOCK TABLE alert_rollups IN ACCESS EXCLUSIVE MODE;
ALTER TABLE alert_rollups RENAME TO former_rollups;
ALTER TABLE former_rollups RENAME CONSTRAINT alert_rollups_pkey TO former_rollups_pkey;

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
) PARTITION BY LIST (grain);

COMMENT ON TABLE alert_rollups IS 'lanes count changes: only their sum is a number of alerts';
COMMENT ON COLUMN alert_rollups.key IS 'the values of the facet, see the view alert_facets';
COMMENT ON COLUMN alert_rollups.begins IS 'of the quarter, hour, day or month in UTC; or -infinity';
COMMENT ON COLUMN alert_rollups.transactions IS
    'each counts at its first alert alone; 0 for facets that triage moves';
COMMENT ON COLUMN alert_rollups.amount IS 'of these transactions; kept where the key is a currency';

CREATE TABLE rollups_ever PARTITION OF alert_rollups FOR VALUES IN ('ever') WITH (fillfactor = 70);
CREATE TABLE rollups_month PARTITION OF alert_rollups FOR VALUES IN ('month') WITH (fillfactor = 70);
CREATE TABLE rollups_day PARTITION OF alert_rollups FOR VALUES IN ('day') WITH (fillfactor = 70);
-- Only totals are kept by quarter.
CREATE TABLE rollups_quarter PARTITION OF alert_rollups FOR VALUES IN ('quarter') WITH (fillfactor = 70);
CREATE TABLE rollups_hour PARTITION OF alert_rollups FOR VALUES IN ('hour') PARTITION BY LIST (facet);
CREATE TABLE rollups_hour_total PARTITION OF rollups_hour FOR VALUES IN ('total') WITH (fillfactor = 70);
CREATE TABLE rollups_hour_other PARTITION OF rollups_hour DEFAULT WITH (fillfactor = 70);

INSERT INTO alert_rollups SELECT * FROM former_rollups ORDER BY facet, grain, begins, key, lane;
DROP TABLE former_rollups;

-- Each hour's sums of fifteen minutes: a fraction of what it takes to make sixty rows and sum them up,
-- and also of a list of VALUES, which is compiled for each hour anew.
CREATE VIEW transactions_per_quarter AS
SELECT hour, hour + make_interval(mins => (15 * (number - 1))::integer) AS quarter, topic_id, partition,
    counted.transactions
FROM transactions_per_hour
CROSS JOIN unnest(ARRAY[
    by_minute[1] + by_minute[2] + by_minute[3] + by_minute[4] + by_minute[5]
        + by_minute[6] + by_minute[7] + by_minute[8] + by_minute[9] + by_minute[10]
        + by_minute[11] + by_minute[12] + by_minute[13] + by_minute[14] + by_minute[15],
    by_minute[16] + by_minute[17] + by_minute[18] + by_minute[19] + by_minute[20]
        + by_minute[21] + by_minute[22] + by_minute[23] + by_minute[24] + by_minute[25]
        + by_minute[26] + by_minute[27] + by_minute[28] + by_minute[29] + by_minute[30],
    by_minute[31] + by_minute[32] + by_minute[33] + by_minute[34] + by_minute[35]
        + by_minute[36] + by_minute[37] + by_minute[38] + by_minute[39] + by_minute[40]
        + by_minute[41] + by_minute[42] + by_minute[43] + by_minute[44] + by_minute[45],
    by_minute[46] + by_minute[47] + by_minute[48] + by_minute[49] + by_minute[50]
        + by_minute[51] + by_minute[52] + by_minute[53] + by_minute[54] + by_minute[55]
        + by_minute[56] + by_minute[57] + by_minute[58] + by_minute[59] + by_minute[60]
]) WITH ORDINALITY AS counted (transactions, number)
WHERE counted.transactions > 0;

COMMENT ON VIEW transactions_per_quarter IS 'restrict the hour as well: only the hour has an index';
