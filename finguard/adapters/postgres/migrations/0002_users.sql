-- Who may use the API, and how often somebody lately failed to prove to be one of them.

CREATE TABLE users (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    username       text        NOT NULL UNIQUE CHECK (username ~ '^[a-z0-9][a-z0-9._@-]{0,63}$'),
    password_hash  text        NOT NULL CHECK (starts_with(password_hash, '$argon2id$')),
    role           text        NOT NULL CHECK (role IN ('viewer', 'analyst', 'admin')),
    disabled       boolean     NOT NULL DEFAULT false,
    token_epoch    integer     NOT NULL DEFAULT 0,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);

COMMENT ON TABLE users IS 'people who sign in; alerts.user_id is a bank''s customer instead';
COMMENT ON COLUMN users.token_epoch IS 'tokens carry it; those with another one are refused';

-- In the database rather than in the code, so that a change by hand revokes the tokens as well.
CREATE FUNCTION revoke_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.token_epoch := OLD.token_epoch + 1;
    RETURN NEW;
END
$$;

CREATE TRIGGER users_revoke_tokens
    BEFORE UPDATE ON users FOR EACH ROW
    WHEN ((OLD.password_hash, OLD.role, OLD.disabled)
          IS DISTINCT FROM (NEW.password_hash, NEW.role, NEW.disabled))
    EXECUTE FUNCTION revoke_tokens();

-- Keys hold digests: a name typed at the login may be a password put into the wrong field.
CREATE TABLE login_attempts (
    key            text        PRIMARY KEY,
    failures       integer     NOT NULL DEFAULT 0 CHECK (failures >= 0),
    blocked_until  timestamptz NOT NULL DEFAULT to_timestamp(0),
    last_at        timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX login_attempts_by_age ON login_attempts (last_at);
