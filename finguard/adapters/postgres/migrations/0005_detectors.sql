-- Which detectors run, and how each of them is: a row a member, renewed every few seconds.

CREATE TABLE detectors (
    instance_id              text        PRIMARY KEY,
    host                     text        NOT NULL,
    pid                      integer     NOT NULL,
    version                  text        NOT NULL,
    group_id                 text        NOT NULL,
    topic                    text        NOT NULL,
    http_address             text,
    started_at               timestamptz NOT NULL,
    beat_at                  timestamptz NOT NULL DEFAULT clock_timestamp(),
    partitions               integer[],
    lag                      bigint,
    transactions_per_second  double precision NOT NULL,
    rebuilding               boolean     NOT NULL,
    outage                   text,
    outage_since             timestamptz,
    CHECK ((outage IS NULL) = (outage_since IS NULL))
);

COMMENT ON TABLE detectors IS
    'a member that ends cleanly takes its row along; a row that grows old is one that did not';
COMMENT ON COLUMN detectors.beat_at IS 'the latest sign of life, by the database''s clock';
COMMENT ON COLUMN detectors.partitions IS 'null while the group has assigned nothing yet';
COMMENT ON COLUMN detectors.lag IS 'records that wait in all its partitions; null while unknown';
COMMENT ON COLUMN detectors.outage IS 'the service it waits for, if any';
