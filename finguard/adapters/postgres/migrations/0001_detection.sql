-- What the detector writes: alerts, counters, the index of dead letters, and its own progress.

CREATE TABLE alerts (
    alert_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id         text           NOT NULL,
    transaction_id  text           NOT NULL,
    rule            text           NOT NULL,
    rule_version    smallint       NOT NULL,
    severity        text           NOT NULL CHECK (severity IN ('low', 'medium', 'high')),
    score           smallint       NOT NULL CHECK (score BETWEEN 0 AND 100),
    story           text           NOT NULL,
    evidence        jsonb          NOT NULL,
    incident_id     text           NOT NULL,
    amount          numeric(17, 4) NOT NULL,
    currency        text           NOT NULL,
    merchant        text           NOT NULL,
    category        text           NOT NULL,
    channel         text           NOT NULL,
    city            text           NOT NULL,
    country         text           NOT NULL,
    lat             double precision NOT NULL,
    lon             double precision NOT NULL,
    occurred_at     timestamptz    NOT NULL,
    published_at    timestamptz    NOT NULL,
    detected_at     timestamptz    NOT NULL DEFAULT clock_timestamp(),
    topic           text           NOT NULL,
    topic_id        text           NOT NULL,
    partition       integer        NOT NULL,
    "offset"        bigint         NOT NULL,
    status          text           NOT NULL DEFAULT 'open'
        CHECK (status IN ('open', 'investigating', 'confirmed_fraud', 'false_positive')),
    -- One effect per transaction and rule, however often Kafka delivers it. The user stands in the
    -- key because ids are only unique per user: two sources may both count from 1.
    UNIQUE (user_id, transaction_id, rule)
);

COMMENT ON COLUMN alerts.occurred_at IS 'when the transaction happened, by its own clock';
COMMENT ON COLUMN alerts.published_at IS 'when Kafka took the event';
COMMENT ON COLUMN alerts.detected_at IS 'when this row was written';
COMMENT ON COLUMN alerts.incident_id IS 'the transaction that opened the incident of this user';

CREATE INDEX alerts_by_time ON alerts (occurred_at DESC, alert_id DESC);
CREATE INDEX alerts_by_user ON alerts (user_id, occurred_at DESC, alert_id DESC);

-- Transactions by the minute in which they happened; each counts once. A row per partition, since
-- detectors that own different partitions must not wait for one another's commit.
CREATE TABLE transactions_per_minute (
    minute        timestamptz NOT NULL,
    topic_id      text        NOT NULL,
    partition     integer     NOT NULL,
    transactions  bigint      NOT NULL CHECK (transactions >= 0),
    PRIMARY KEY (minute, topic_id, partition)
);

CREATE TABLE dead_letters (
    dead_letter_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic           text        NOT NULL,
    topic_id        text        NOT NULL,
    partition       integer     NOT NULL,
    "offset"        bigint      NOT NULL,
    stage           text        NOT NULL,
    reason          text        NOT NULL,
    detail          text        NOT NULL,
    attempt         integer     NOT NULL,
    published_at    timestamptz NOT NULL,
    recorded_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (topic_id, partition, "offset")
);

CREATE INDEX dead_letters_by_time ON dead_letters (published_at DESC);

-- How far each partition has got, and whose word on it counts: see docs/delivery.md.
CREATE TABLE progress (
    group_id     text        NOT NULL,
    topic_id     text        NOT NULL,
    partition    integer     NOT NULL,
    topic        text        NOT NULL,
    epoch        bigint      NOT NULL,
    next_offset  bigint      NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (group_id, topic_id, partition)
);

-- The partition count a topic had when its users were first spread over it.
CREATE TABLE topics (
    group_id    text    NOT NULL,
    topic       text    NOT NULL,
    topic_id    text    NOT NULL,
    partitions  integer NOT NULL,
    PRIMARY KEY (group_id, topic)
);
