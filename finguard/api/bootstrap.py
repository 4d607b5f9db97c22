"""The first user: who may sign in to a database that nobody has signed in to before."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import structlog

from finguard.adapters.passwords import hash_password, verify_password
from finguard.adapters.postgres import accounts, users
from finguard.adapters.postgres.accounts import Author
from finguard.adapters.postgres.pool import ConnectionPool
from finguard.adapters.postgres.users import User
from finguard.errors import ConfigurationError

_log = structlog.get_logger()

USERNAME: Final = "admin"

_AUTHOR: Final = Author("api:start")
"""A colon, so that no user can have this name."""

_REMEDY: Final = (
    "set FINGUARD_API_ADMIN_PASSWORD to 8 to 128 characters of your own, or run "
    "`python -m finguard users add NAME --role admin` (`passwd` where there is one)"
)


@dataclass(frozen=True, kw_only=True)
class FirstUser:
    """Makes sure that an administrator exists, with a password that the environment allows.

    Attributes:
        environment: `production` never accepts the development password.
        password: for the administrator; None leaves it to the environment.
        development_password: the one that everybody knows.
    """

    environment: Literal["development", "production"]
    password: str | None
    development_password: str

    def ensure(self, pool: ConnectionPool) -> None:
        """Create the administrator where there is no user; in production, refuse a known password.

        Raises:
            ConfigurationError: when a person must choose a password.
            ServiceUnavailable: when PostgreSQL is away.
        """
        password = self._chosen_password()
        with pool.cursor() as cursor:
            admin = users.find_user_by_name(cursor, USERNAME)
        if admin is None:
            self._create(pool, password)
        elif verify_password(self.development_password, admin.password_hash):
            self._replace(pool, password)

    def admits_anybody(self, admin: User) -> bool:
        """Whether everybody can sign in as this user; production has refused to start with one."""
        if self.environment == "production" or admin.disabled:
            return False
        return _is_password(self.development_password, admin.password_hash)

    def _chosen_password(self) -> str | None:
        is_production = self.environment == "production"
        if self.password is None:
            return None if is_production else self.development_password
        if is_production and self.password == self.development_password:
            raise ConfigurationError(f"everybody knows this first password; {_REMEDY}")
        return self.password

    def _create(self, pool: ConnectionPool, password: str | None) -> None:
        if password is None:
            with pool.cursor() as cursor:
                if users.any_user(cursor):
                    return
            raise ConfigurationError(f"there is no user yet and no password for one; {_REMEDY}")
        try:
            password_hash = hash_password(password)
        except ValueError as error:
            raise ConfigurationError(f"{error}; {_REMEDY}") from error
        with pool.transaction() as transaction:
            created = accounts.create_first_account(
                transaction, _AUTHOR, USERNAME, password_hash, "admin"
            )
        if created:
            self._announce("first user created", password)

    def _replace(self, pool: ConnectionPool, password: str | None) -> None:
        """Deal with a development password that is still in force."""
        if password == self.development_password:
            self._announce("development login in force", password)
            return
        if password is None:
            raise ConfigurationError(
                f"{USERNAME} still has the development password, which everybody knows; {_REMEDY}"
            )
        password_hash = hash_password(password)
        with pool.transaction() as transaction:
            accounts.reset_password(transaction, _AUTHOR, USERNAME, password_hash)
        _log.warning("development password replaced", username=USERNAME)

    def _announce(self, event: str, password: str) -> None:
        """Loudly name the development password; never name another."""
        if password == self.development_password:
            _log.warning(f"{event.upper()}: {USERNAME} / {password} - NEVER EXPOSE THIS API")
        else:
            _log.info(event, username=USERNAME)


@lru_cache(maxsize=1)
def _is_password(password: str, password_hash: str) -> bool:
    """Slow on purpose, and asked for again and again with what hardly ever changes."""
    return verify_password(password, password_hash)
