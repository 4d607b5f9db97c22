-- What detectors tell besides their lag in all: each partition's, how late alerts are, and by which
-- rules they judge. Null of a detector of an earlier version.

ALTER TABLE detectors
    ADD COLUMN lags              bigint[],
    ADD COLUMN positions         bigint[],
    ADD COLUMN transactions      bigint,
    ADD COLUMN latency_bounds_s  double precision[],
    ADD COLUMN latency_counts    bigint[],
    ADD COLUMN latency_sum_s     double precision,
    ADD COLUMN rules             jsonb,
    ADD CHECK (cardinality(lags) = cardinality(partitions)),
    ADD CHECK (cardinality(positions) = cardinality(partitions)),
    ADD CHECK (cardinality(latency_counts) = cardinality(latency_bounds_s) + 1);

COMMENT ON COLUMN detectors.lags IS
    'records that wait, in the order of partitions; null in it where a partition''s is unknown';
COMMENT ON COLUMN detectors.positions IS
    'the offset of the next record to judge, in the order of partitions; null in it where unknown';
COMMENT ON COLUMN detectors.transactions IS 'judged and stored since it started';
COMMENT ON COLUMN detectors.latency_counts IS
    'alerts since it started that were durable no later than each of latency_bounds_s; then all';
COMMENT ON COLUMN detectors.rules IS 'an array: rule, version, meaning, limits';
