-- Alerts that nobody is to be told of: entries by people, and on each alert the entry that applied.

CREATE TABLE suppressions (
    suppression_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id         text        NOT NULL,
    kind            text        NOT NULL CHECK (kind IN ('allow', 'snooze')),
    rule            text,
    reason          text        NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by      text        NOT NULL,
    expires_at      timestamptz CHECK (expires_at > created_at),
    withdrawn_at    timestamptz,
    withdrawn_by    text,
    CHECK (kind = 'allow' OR expires_at IS NOT NULL),
    CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL))
);

COMMENT ON TABLE suppressions IS 'what matches is stored like any alert, and marked';
COMMENT ON COLUMN suppressions.user_id IS 'the bank''s customer, as in alerts';
COMMENT ON COLUMN suppressions.rule IS 'NULL: every rule';
COMMENT ON COLUMN suppressions.expires_at IS 'no longer counts from then on; NULL: until withdrawn';

-- What each stored alert looks into. Few entries of a customer count at a time: one a kind and rule.
CREATE INDEX suppressions_that_count ON suppressions (user_id) WHERE withdrawn_at IS NULL;
CREATE INDEX suppressions_by_user ON suppressions (user_id, suppression_id DESC);

-- An entry is withdrawn once, and stays; an alert's mark would otherwise lead nowhere.
CREATE FUNCTION refuse_rewriting_suppressions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'suppressions are withdrawn, and never changed'
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER suppressions_keep_what_was_said
    BEFORE UPDATE OF suppression_id, user_id, kind, rule, reason, created_at, created_by, expires_at
    ON suppressions FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_suppressions();
CREATE TRIGGER suppressions_are_withdrawn_once
    BEFORE UPDATE ON suppressions FOR EACH ROW WHEN (OLD.withdrawn_at IS NOT NULL)
    EXECUTE FUNCTION refuse_rewriting_suppressions();
CREATE TRIGGER suppressions_stay
    BEFORE DELETE OR TRUNCATE ON suppressions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_suppressions();

-- No foreign key, which would be checked alert by alert: the statement that stores an alert takes
-- the entry from the table, and entries stay.
ALTER TABLE alerts ADD COLUMN suppressed_by bigint;

COMMENT ON COLUMN alerts.suppressed_by IS 'the suppression that counted when this row was written';

-- Alerts without the mark pay nothing for it.
CREATE INDEX alerts_suppressed
    ON alerts (occurred_at DESC, alert_id DESC) WHERE suppressed_by IS NOT NULL;

CREATE TRIGGER alerts_keep_suppression
    BEFORE UPDATE OF suppressed_by ON alerts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_findings();
