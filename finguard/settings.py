"""All settings: from the environment or `.env`, prefix `FINGUARD_`; only entry files read them."""

import json
from collections.abc import Iterator
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    SettingsConfigDict,
)

from finguard.domain.currencies import ACTIVE_CURRENCIES, UNITS_PER_USD
from finguard.domain.profile import History
from finguard.domain.rules import RuleLimits, TravelLimits, ValueLimits, VelocityLimits
from finguard.domain.rules.money import Equivalents
from finguard.errors import ConfigurationError

DEVELOPMENT_SECRET = "development-only-secret-do-not-deploy"  # noqa: S105 - refused in production
DEVELOPMENT_PASSWORD = "password123"  # noqa: S105 - as above

MIN_SECRET_BYTES = 32  # RFC 7518, 3.2: a key for HS256 is at least as long as its hash

Positive = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
PositiveInt = Annotated[int, Field(gt=0, le=2_147_483_647)]
# The product of two numbers of at most 14 digits is exact in a Decimal's 28.
Money = Annotated[Decimal, Field(gt=0, le=10**12, max_digits=14, allow_inf_nan=False)]
Minutes = Annotated[int, Field(gt=0, le=525_600)]
Password = Annotated[SecretStr, Field(min_length=8, max_length=128)]


class Settings(BaseSettings):
    """Every setting with its default; `.env.example` documents each."""

    model_config = SettingsConfigDict(
        env_prefix="FINGUARD_",
        env_file=".env",
        # `FINGUARD_REDIS_SSL_CAFILE=` means "not set", as in a shell or a compose file.
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        # Errors must not quote secrets, not even in a traceback.
        hide_input_in_errors=True,
    )

    environment: Literal["development", "production"] = "development"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"

    kafka_bootstrap_servers: str = "localhost:9092"
    kafka_topic: str = "transactions"
    kafka_dead_letter_topic: str = "transactions.dlq"
    kafka_partitions: PositiveInt = 6
    kafka_replication_factor: PositiveInt = 1
    kafka_group: str = "finguard-detector"
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ssl_cafile: str | None = None
    kafka_ssl_certfile: str | None = None
    kafka_ssl_keyfile: str | None = None

    redis_url: SecretStr = SecretStr("redis://localhost:6379/0")
    redis_ssl_cafile: str | None = None

    postgres_dsn: SecretStr = SecretStr("postgresql://finguard:finguard@localhost:5432/finguard")
    postgres_sslmode: (
        Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] | None
    ) = None

    batch_max_records: PositiveInt = 10_000
    session_timeout_ms: PositiveInt = 15_000
    max_poll_interval_ms: PositiveInt = 300_000
    dead_letter_max_ratio: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.5
    dead_letter_max_run: PositiveInt = 1_000
    dead_letter_max_attempts: PositiveInt = 5
    accept_data_loss: bool = False
    detector_http_host: str = "127.0.0.1"
    detector_http_port: Annotated[int, Field(ge=0, le=65_535)] = 9464

    history_max_count: PositiveInt = 16
    history_max_age_hours: Positive = 72.0

    travel_min_distance_km: Positive = 100.0
    travel_max_speed_kmh: Positive = 1000.0
    travel_clock_skew_s: Positive = 60.0
    travel_ground_speed_kmh: Positive = 300.0
    travel_flight_speed_kmh: Positive = 850.0
    travel_flight_overhead_hours: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] = 1.5
    high_value_usd: Money = Decimal(10_000)
    velocity_window_s: Positive = 60.0
    velocity_max_count: PositiveInt = 10
    velocity_max_amount_usd: Money = Decimal(20_000)
    units_per_usd: Annotated[dict[str, Money], NoDecode] = {}

    api_secret_key: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    api_token_minutes: Minutes = 15
    api_session_idle_minutes: Minutes = 60
    api_session_hours: Annotated[int, Field(gt=0, le=8_760)] = 12
    api_admin_password: Password | None = None
    api_docs: bool = True
    api_metrics: bool = True
    api_max_body_bytes: PositiveInt = 1_048_576
    api_pool_size: PositiveInt = 10
    api_stream_heartbeat_s: Positive = 15.0

    dashboard_api_url: str = "http://localhost:8000"
    dashboard_browser_api_url: str | None = None
    dashboard_refresh_s: Positive = 2.0

    @field_validator("units_per_usd", mode="before")
    @classmethod
    def _parsed(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            parsed = json.loads(value, parse_float=str)
        except (ValueError, RecursionError):
            parsed = None
        if not isinstance(parsed, dict):
            raise ValueError('must be JSON such as {"EUR": 0.9, "JPY": 150}')  # noqa: TRY004 - pydantic's way
        return parsed

    @field_validator("units_per_usd")
    @classmethod
    def _of_known_currencies(cls, value: dict[str, Money]) -> dict[str, Money]:
        if unknown := sorted(value.keys() - ACTIVE_CURRENCIES):
            raise ValueError(f"no active ISO 4217 codes: {', '.join(map(ascii, unknown))}")
        return value

    @model_validator(mode="after")
    def _settings_agree(self) -> Self:
        if complaints := [*self._disagreements(), *self._unfit_for_production()]:
            raise ValueError("; ".join(complaints))
        return self

    def _disagreements(self) -> Iterator[str]:
        if self.history_max_count <= self.velocity_max_count:
            yield (
                "FINGUARD_HISTORY_MAX_COUNT must exceed FINGUARD_VELOCITY_MAX_COUNT, "
                "or the velocity rule could never count that far"
            )
        if self.history_max_age_hours * 3600 < self.velocity_window_s:
            yield (
                "FINGUARD_HISTORY_MAX_AGE_HOURS must be no shorter than FINGUARD_VELOCITY_WINDOW_S,"
                " or the velocity rule could never look back that far"
            )
        if self.kafka_topic == self.kafka_dead_letter_topic:
            yield "FINGUARD_KAFKA_DEAD_LETTER_TOPIC must differ from FINGUARD_KAFKA_TOPIC"
        if self.session_timeout_ms > self.max_poll_interval_ms:
            yield (
                "FINGUARD_SESSION_TIMEOUT_MS must not exceed FINGUARD_MAX_POLL_INTERVAL_MS; "
                "Kafka's client refuses it"
            )
        if self.api_session_idle_minutes <= self.api_token_minutes:
            yield (
                "FINGUARD_API_SESSION_IDLE_MINUTES must exceed FINGUARD_API_TOKEN_MINUTES, "
                "or a session would end before its token is renewed"
            )
        if self.api_session_hours * 60 < self.api_session_idle_minutes:
            yield (
                "FINGUARD_API_SESSION_HOURS must be no shorter than "
                "FINGUARD_API_SESSION_IDLE_MINUTES, or no session could be idle for so long"
            )
        if self.kafka_security_protocol.startswith("SASL"):
            for field in ("mechanism", "username", "password"):
                if getattr(self, f"kafka_sasl_{field}") is None:
                    yield (
                        f"FINGUARD_KAFKA_SASL_{field.upper()} must be set where "
                        f"FINGUARD_KAFKA_SECURITY_PROTOCOL is {self.kafka_security_protocol}"
                    )

    def _unfit_for_production(self) -> Iterator[str]:
        if self.environment != "production":
            return
        secret = self.api_secret_key.get_secret_value()
        if secret == DEVELOPMENT_SECRET or len(secret.encode()) < MIN_SECRET_BYTES:
            yield (
                "FINGUARD_API_SECRET_KEY must be a secret of its own of at least "
                f"{MIN_SECRET_BYTES} bytes in production"
            )
        password = self.api_admin_password
        if password is not None and password.get_secret_value() == DEVELOPMENT_PASSWORD:
            yield (
                "FINGUARD_API_ADMIN_PASSWORD must not be the one of the documentation in "
                "production; choose another one"
            )

    def rule_limits(self) -> RuleLimits:
        """The thresholds of every rule."""
        equivalents = Equivalents({**UNITS_PER_USD, **self.units_per_usd})
        return RuleLimits(
            travel=TravelLimits(
                min_distance_km=self.travel_min_distance_km,
                max_speed_kmh=self.travel_max_speed_kmh,
                clock_skew_s=self.travel_clock_skew_s,
                ground_speed_kmh=self.travel_ground_speed_kmh,
                flight_speed_kmh=self.travel_flight_speed_kmh,
                flight_overhead_s=self.travel_flight_overhead_hours * 3600,
            ),
            value=ValueLimits(self.high_value_usd, equivalents),
            velocity=VelocityLimits(
                self.velocity_window_s,
                self.velocity_max_count,
                self.velocity_max_amount_usd,
                equivalents,
            ),
        )

    def kafka_connection(self) -> dict[str, Any]:
        """How to reach Kafka: the arguments of its adapter's `connection_arguments`."""
        password = self.kafka_sasl_password
        return {
            "bootstrap_servers": self.kafka_bootstrap_servers,
            "security_protocol": self.kafka_security_protocol,
            "sasl_mechanism": self.kafka_sasl_mechanism,
            "sasl_username": self.kafka_sasl_username,
            "sasl_password": password.get_secret_value() if password else None,
            "ssl_cafile": self.kafka_ssl_cafile,
            "ssl_certfile": self.kafka_ssl_certfile,
            "ssl_keyfile": self.kafka_ssl_keyfile,
        }

    def kafka_membership(self) -> dict[str, Any]:
        """How a detector reads the topic: the arguments of `KafkaSource` beside the connection."""
        return {
            "topic": self.kafka_topic,
            "group": self.kafka_group,
            "max_records": self.batch_max_records,
            "session_timeout_ms": self.session_timeout_ms,
            "max_poll_interval_ms": self.max_poll_interval_ms,
        }

    def postgres_connection(self) -> dict[str, Any]:
        """How to reach PostgreSQL: arguments of `migrate` and `connector`."""
        return {"dsn": self.postgres_dsn.get_secret_value(), "sslmode": self.postgres_sslmode}

    def kafka_topics(self) -> dict[str, Any]:
        """The topics to create where they are missing: the arguments of `ensure_topics`."""
        return {
            "transactions": self.kafka_topic,
            "dead_letters": self.kafka_dead_letter_topic,
            "partitions": self.kafka_partitions,
            "replication_factor": self.kafka_replication_factor,
        }

    def max_turn_s(self) -> float:
        """Longer than the detection loop ever takes to come round, in seconds, unless it hangs.

        A member that does not poll for longer than Kafka allows has lost its partitions; waits for
        a service are full of polls. The minute is for the last step's own time-outs.
        """
        return self.max_poll_interval_ms / 1000 + 60

    def memory_s(self) -> int:
        """How far back in event time a profile reaches, in seconds."""
        return round(self.history_max_age_hours * 3600)

    def history(self) -> History:
        """How much a profile remembers."""
        return History(self.history_max_count, round(self.history_max_age_hours * 3_600_000_000))


_OF_THE_TOOLS = frozenset(
    {
        "FINGUARD_API_PORT",
        "FINGUARD_DASHBOARD_PORT",
        "FINGUARD_HOME",
        "FINGUARD_MAVEN_URL",
        "FINGUARD_TEST_DATA",
    }
)
"""Read by the Procfile, the Makefile, the stack and the tests; no settings of FinGuard's."""


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        ConfigurationError: naming each wrong variable and what it takes.
    """
    try:
        return Settings()
    except ValidationError as error:
        complaints = []
        for problem in error.errors(include_url=False, include_input=False):
            where = [str(part) for part in problem["loc"]]
            message = problem["msg"].removeprefix("Value error, ")
            if where:
                where[0] = f"FINGUARD_{where[0].upper()}"
            complaints.append(": ".join([*where, message]))
        raise ConfigurationError("; ".join(complaints)) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError("the file .env is not text in UTF-8") from error


def unknown_settings() -> list[str]:
    """A warning for each variable that looks like a setting and is none, such as a misspelt one.

    A warning and no error, since the variable may belong to a newer version, or to a tool beside.
    """
    known = {f"FINGUARD_{field.upper()}" for field in Settings.model_fields}
    sources = EnvSettingsSource(Settings), DotEnvSettingsSource(Settings)
    given = {name.upper() for source in sources for name in source.env_vars}
    unknown = {name for name in given if name.startswith("FINGUARD_")} - known - _OF_THE_TOOLS
    return [_told(name, known) for name in sorted(unknown)]


def _told(name: str, known: set[str]) -> str:
    nearest = get_close_matches(name, sorted(known), n=1)
    meant = f"; did you mean {nearest[0]}?" if nearest else ""
    return f"{name} is no setting of FinGuard and does nothing{meant}"
