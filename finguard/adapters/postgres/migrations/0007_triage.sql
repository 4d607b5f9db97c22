-- What analysts do with alerts: find them, decide on them, and hear of them as they come.

-- Words are the longest runs of letters and digits, in lower case. Everything beyond ASCII counts as
-- a letter but for spaces and punctuation, so that no locale decides where a word ends.
CREATE FUNCTION search_words(line text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN array_remove(
    regexp_split_to_array(
        lower(line),
        '[\u0001-\u002F\u003A-\u0040\u005B-\u0060\u007B-\u007F\u00A0\u2000-\u206F]+'
    ),
    ''
);

-- Every word must be there. The last, which somebody may still be typing, may be the beginning of a
-- longer one, if it has three letters or more and no digit: all that begins with the first digits of
-- an id would be too much to collect. Immutable, so that the planner knows the words and how common
-- they are. NULL without any.
CREATE FUNCTION search_query(line text) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT string_agg(
        '''' || word || '''' || CASE
            WHEN place = cardinality(words) AND word ~ '^[^0-9]{3,}$' THEN ':*' ELSE ''
        END,
        ' & '
    )::tsquery
    FROM search_words(line) AS words, unnest(words) WITH ORDINALITY AS each (word, place)
);

ALTER TABLE alerts
    ADD COLUMN version     integer NOT NULL DEFAULT 1,
    ADD COLUMN assignee    text,
    ADD COLUMN IF NOT EXISTS triaged_at timestamptz,
    -- Stored rather than only indexed: a common word is found by walking the newest alerts.
    ADD COLUMN words       tsvector NOT NULL GENERATED ALWAYS AS (
        array_to_tsvector(search_words(
            user_id || ' ' || transaction_id || ' ' || merchant || ' ' || city || ' ' || story
        ))
    ) STORED;

COMMENT ON COLUMN alerts.version IS 'raised by every triage; two analysts cannot both write one';
COMMENT ON COLUMN alerts.assignee IS 'name of the user who takes care of it';
COMMENT ON COLUMN alerts.triaged_at IS 'when an analyst last changed it';
COMMENT ON COLUMN alerts.words IS 'what the text search looks into';

-- A kind of alerts is its status, severity and rule; there are some dozens. A list of any kinds, or
-- of any kinds in some countries, merges the newest of each: see list_alerts_of_kinds.
CREATE INDEX alerts_by_kind
    ON alerts (status, severity, rule, occurred_at DESC, alert_id DESC);
CREATE INDEX alerts_by_country
    ON alerts (country, status, severity, rule, occurred_at DESC, alert_id DESC);
CREATE INDEX alerts_by_assignee
    ON alerts (assignee, occurred_at DESC, alert_id DESC) WHERE assignee IS NOT NULL;
CREATE INDEX alerts_by_score ON alerts (score DESC, occurred_at DESC, alert_id DESC);
CREATE INDEX alerts_by_amount ON alerts (amount DESC, alert_id DESC);
CREATE INDEX alerts_by_currency ON alerts (currency, amount DESC, alert_id DESC);
-- What waits to be sorted into the index is read by every search, so little may wait.
CREATE INDEX alerts_by_words ON alerts USING gin (words) WITH (gin_pending_list_limit = 256);

-- Lists read indexes alone as far as pages are known to be visible to all, and the planner must know
-- how common a value is: both before a fifth of the table is new, which is the default.
ALTER TABLE alerts SET (
    autovacuum_vacuum_insert_scale_factor = 0.02,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02
);
ALTER TABLE alerts ALTER COLUMN words SET STATISTICS 300;
ALTER TABLE alerts ALTER COLUMN country SET STATISTICS 1000;

-- A rule's severity is no accident: which kinds are rare cannot be told from each column alone. A
-- list by score of a kind that hardly exists would otherwise walk through all that are not of it.
CREATE STATISTICS alerts_kinds (mcv) ON status, severity, rule FROM alerts;

CREATE TABLE triage_history (
    alert_id         bigint      NOT NULL REFERENCES alerts,
    version          integer     NOT NULL,
    at               timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor            text        NOT NULL,
    status_before    text        NOT NULL,
    status_after     text        NOT NULL,
    assignee_before  text,
    assignee_after   text,
    note             text,
    PRIMARY KEY (alert_id, version)
);

COMMENT ON TABLE triage_history IS 'every change by an analyst, with its note; append-only';
COMMENT ON COLUMN triage_history.version IS 'of the alert, after the change';

CREATE FUNCTION refuse_rewriting_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of triage is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER triage_history_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON triage_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();

-- The live stream; docs/api.md argues why no event is lost, doubled or out of order.
-- The inbox: what happened, written by whoever did it and in no order that could be relied on, since
-- transactions commit in another order than they take numbers in.
CREATE TABLE alert_inbox (
    inbox_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id  bigint  NOT NULL,
    version   integer NOT NULL
);

-- The log: the same in the one order that every reader sees, numbered without gaps.
CREATE TABLE alert_log (
    event_id  bigint  PRIMARY KEY,
    alert_id  bigint  NOT NULL,
    version   integer NOT NULL
);

-- One row. Whoever moves events from the inbox into the log holds its lock meanwhile.
CREATE TABLE alert_log_head (
    is_only        boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    epoch          text    NOT NULL DEFAULT substr(md5(gen_random_uuid()::text), 1, 8),
    last_event_id  bigint  NOT NULL DEFAULT 0,
    pruned_id      bigint  NOT NULL DEFAULT 0
);

COMMENT ON COLUMN alert_log_head.epoch IS 'tells this log from one of another database';
COMMENT ON COLUMN alert_log_head.pruned_id IS 'events up to this one have been dropped';

INSERT INTO alert_log_head DEFAULT VALUES;

-- One notification for a transaction, however many alerts it has; what it is about is in the inbox.
CREATE FUNCTION announce_new_alerts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO alert_inbox (alert_id, version)
    SELECT alert_id, version FROM arrived ORDER BY alert_id;
    IF FOUND THEN
        PERFORM pg_notify('finguard_alerts', '');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER alerts_announce_new
    AFTER INSERT ON alerts REFERENCING NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION announce_new_alerts();

CREATE FUNCTION announce_changed_alerts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO alert_inbox (alert_id, version)
    SELECT alert_id, changed.version FROM changed JOIN former USING (alert_id)
    WHERE changed.version <> former.version ORDER BY alert_id;
    IF FOUND THEN
        PERFORM pg_notify('finguard_alerts', '');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER alerts_announce_changed
    AFTER UPDATE ON alerts REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION announce_changed_alerts();
