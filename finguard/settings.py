"""All settings: from the environment or `.env`, prefix `FINGUARD_`; read only by the entry files."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from finguard.domain.currencies import UNITS_PER_USD
from finguard.domain.profile import History
from finguard.domain.rules import RuleLimits, TravelLimits, ValueLimits, VelocityLimits
from finguard.domain.rules.money import Equivalents
from finguard.errors import ConfigurationError

DEVELOPMENT_SECRET = "development-only-secret-do-not-deploy"  # noqa: S105 - refused in production
DEVELOPMENT_PASSWORD = "password123"  # noqa: S105 - as above

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
PositiveInt = Annotated[int, Field(gt=0)]
Money = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=1, le=65_535)]


class Settings(BaseSettings):
    """Every setting with its default; `.env.example` documents each."""

    model_config = SettingsConfigDict(
        env_prefix="FINGUARD_", env_file=".env", extra="ignore", frozen=True
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

    batch_max_records: PositiveInt = 5_000
    batch_max_wait_ms: PositiveInt = 100
    session_timeout_ms: PositiveInt = 45_000
    max_poll_interval_ms: PositiveInt = 300_000
    dead_letter_max_ratio: Annotated[float, Field(gt=0, le=1)] = 0.5
    dead_letter_max_run: PositiveInt = 1_000
    accept_data_loss: bool = False

    history_max_count: PositiveInt = 16
    history_max_age_hours: Positive = 72.0

    travel_min_distance_km: Positive = 100.0
    travel_max_speed_kmh: Positive = 1000.0
    travel_clock_skew_s: Positive = 60.0
    travel_ground_speed_kmh: Positive = 300.0
    travel_flight_speed_kmh: Positive = 850.0
    travel_flight_overhead_hours: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.5
    high_value_usd: Money = Decimal(10_000)
    velocity_window_s: Positive = 60.0
    velocity_max_count: PositiveInt = 10
    velocity_max_amount_usd: Money = Decimal(20_000)
    units_per_usd: dict[str, Money] = {}

    api_secret_key: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    api_token_minutes: PositiveInt = 30
    api_admin_password: SecretStr | None = None
    api_docs: bool = True
    api_max_body_bytes: PositiveInt = 1_048_576
    api_pool_size: PositiveInt = 10

    dashboard_api_url: str = "http://localhost:8000"
    dashboard_refresh_s: Positive = 2.0

    @model_validator(mode="after")
    def _settings_agree(self) -> Self:
        if self.history_max_count <= self.velocity_max_count:
            raise ValueError(
                "FINGUARD_HISTORY_MAX_COUNT must exceed FINGUARD_VELOCITY_MAX_COUNT, "
                "or the velocity rule could never count that far"
            )
        if self.environment == "production":
            self._fit_for_production()
        return self

    def _fit_for_production(self) -> None:
        secret = self.api_secret_key.get_secret_value()
        if secret == DEVELOPMENT_SECRET or len(secret.encode()) < 32:  # noqa: PLR2004 - RFC 7518
            raise ValueError(
                "FINGUARD_API_SECRET_KEY must be a secret of at least 32 bytes in production"
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

    def history(self) -> History:
        """How much a profile remembers."""
        return History(self.history_max_count, round(self.history_max_age_hours * 3_600_000_000))


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        ConfigurationError: naming each wrong variable and what it takes.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False, include_input=False):
            name = "_".join(str(part) for part in problem["loc"][:1]).upper()
            message = problem["msg"].removeprefix("Value error, ")
            lines.append(f"FINGUARD_{name}: {message}" if name else message)
        raise ConfigurationError("; ".join(lines)) from error
