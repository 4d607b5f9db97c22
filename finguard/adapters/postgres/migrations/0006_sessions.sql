-- Who is signed in, and with what they may stay so. A session that has ended has no row.

CREATE TABLE sessions (
    session_id   uuid        PRIMARY KEY,
    user_id      bigint      NOT NULL REFERENCES users ON DELETE CASCADE,
    token_epoch  integer     NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    ends_at      timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL CHECK (expires_at <= ends_at)
);

COMMENT ON COLUMN sessions.token_epoch IS 'the session is over once its user has another one';
COMMENT ON COLUMN sessions.ends_at IS 'however busy the session is';
COMMENT ON COLUMN sessions.expires_at IS 'unless it is used again before; never past ends_at';

CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- SHA-256 of random secrets: whoever reads this table cannot sign in with what stands there.
-- A refresh token that was used stays, so that it is known when it comes again.
CREATE TABLE session_secrets (
    digest      bytea       PRIMARY KEY CHECK (octet_length(digest) = 32),
    session_id  uuid        NOT NULL REFERENCES sessions ON DELETE CASCADE,
    kind        text        NOT NULL CHECK (kind IN ('refresh', 'handoff', 'cookie')),
    issued_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at     timestamptz
);

CREATE INDEX session_secrets_by_session ON session_secrets (session_id, kind);

-- For reading the audit log by what was done, and by when.
CREATE INDEX audit_log_by_action ON audit_log (action, audit_id DESC);
CREATE INDEX audit_log_by_time ON audit_log (at);
