-- Who changed what: every triage, user and replay action, append-only.

CREATE TABLE audit_log (
    audit_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor       text        NOT NULL,
    action      text        NOT NULL CHECK (action ~ '^[a-z_]+\.[a-z_]+$'),
    subject     text        NOT NULL,
    before      jsonb,
    after       jsonb,
    request_id  text
);

COMMENT ON COLUMN audit_log.actor IS 'a user''s name, or cli:NAME for a command on the server';
COMMENT ON COLUMN audit_log.action IS 'what kind of thing and what was done, such as alert.triage';
COMMENT ON COLUMN audit_log.subject IS 'which one: its id';

CREATE INDEX audit_log_by_subject ON audit_log (split_part(action, '.', 1), subject, audit_id DESC);
CREATE INDEX audit_log_by_actor ON audit_log (actor, audit_id DESC);

-- In the database, so that no program of ours can do it by mistake either.
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_log_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
