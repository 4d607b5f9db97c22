"""Settings come from the environment or `.env`, and a wrong one is named with what it takes."""

import os
import re
import traceback
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from finguard.domain.profile import History
from finguard.domain.rules import RuleLimits
from finguard.domain.rules.money import Equivalents
from finguard.errors import ConfigurationError
from finguard.settings import DEVELOPMENT_SECRET, Settings, load_settings, unknown_settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
SECRET = "a-secret-of-its-own-with-32-bytes-or-more"
HOSTILE = "hunter2-must-not-be-seen"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable and no `.env` of this machine reaches a test."""
    for name in [name for name in os.environ if name.upper().startswith("FINGUARD_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def complaint(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    """What FinGuard says of these variables."""
    for name, value in variables.items():
        monkeypatch.setenv(f"FINGUARD_{name}", value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    return str(caught.value)


def test_without_any_variable_the_defaults_hold() -> None:
    """A fresh machine needs no configuration."""
    loaded = load_settings()
    assert ("development", "localhost:9092") == (loaded.environment, loaded.kafka_bootstrap_servers)
    assert RuleLimits() == loaded.rule_limits()
    assert History() == loaded.history()


@pytest.mark.parametrize(
    ("name", "value", "takes"),
    [
        ("ENVIRONMENT", "staging", "'development' or 'production'"),
        ("LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("KAFKA_SECURITY_PROTOCOL", "TLS", "'PLAINTEXT', 'SSL', 'SASL_PLAINTEXT' or 'SASL_SSL'"),
        ("POSTGRES_SSLMODE", "on", "'verify-full'"),
        ("KAFKA_PARTITIONS", "six", "valid integer"),
        ("KAFKA_PARTITIONS", "0", "greater than 0"),
        ("KAFKA_PARTITIONS", "1.5", "valid integer"),
        ("BATCH_MAX_RECORDS", "-1", "greater than 0"),
        ("BATCH_MAX_RECORDS", "99999999999", "less than or equal to"),
        ("DEAD_LETTER_MAX_RATIO", "1.01", "less than or equal to 1"),
        ("DEAD_LETTER_MAX_RATIO", "nan", "finite number"),
        ("DEAD_LETTER_MAX_ATTEMPTS", "0", "greater than 0"),
        ("ACCEPT_DATA_LOSS", "perhaps", "valid boolean"),
        ("DETECTOR_HTTP_PORT", "-1", "greater than or equal to 0"),
        ("DETECTOR_HTTP_PORT", "65536", "less than or equal to 65535"),
        ("TRAVEL_MAX_SPEED_KMH", "fast", "valid number"),
        ("TRAVEL_MAX_SPEED_KMH", "-900", "greater than 0"),
        ("TRAVEL_MAX_SPEED_KMH", "nan", "finite number"),
        ("TRAVEL_MAX_SPEED_KMH", "inf", "finite number|less than or equal"),
        ("HISTORY_MAX_AGE_HOURS", "1e300", "less than or equal"),
        ("TRAVEL_FLIGHT_OVERHEAD_HOURS", "-0.1", "greater than or equal to 0"),
        ("HIGH_VALUE_USD", "much", "valid decimal"),
        ("HIGH_VALUE_USD", "0", "greater than 0"),
        ("HIGH_VALUE_USD", "NaN", "finite number"),
        ("HIGH_VALUE_USD", "1e400", "digits|less than or equal"),
        ("API_ADMIN_PASSWORD", "short", "at least 8"),
        ("API_ADMIN_PASSWORD", "x" * 129, "at most 128"),
        ("API_TOKEN_MINUTES", "0", "greater than 0"),
        ("API_SESSION_HOURS", "8761", "less than or equal to 8760"),
        ("UNITS_PER_USD", "{", 'JSON such as {"EUR": 0.9'),
        ("UNITS_PER_USD", "[1]", 'JSON such as {"EUR": 0.9'),
        ("UNITS_PER_USD", "[" * 100_000, 'JSON such as {"EUR": 0.9'),
        ("UNITS_PER_USD", '{"EUR": "many"}', "EUR: Input should be a valid decimal"),
        ("UNITS_PER_USD", '{"EUR": 0}', "EUR: Input should be greater than 0"),
        ("UNITS_PER_USD", '{"EUR": NaN}', "EUR: Input should be a finite number"),
        (
            "UNITS_PER_USD",
            '{"EUR": 1, "XXX": 1, "eur": 1}',
            "no active ISO 4217 codes: 'XXX', 'eur'",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_is_taken(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, takes: str
) -> None:
    """The operator reads the variable's full name and its values or bounds."""
    said = complaint(monkeypatch, **{name: value})
    assert said.startswith(f"FINGUARD_{name}: ")
    assert any(part in said for part in takes.split("|"))


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody should have to start five times to mend five values."""
    said = complaint(monkeypatch, ENVIRONMENT="prod", KAFKA_PARTITIONS="0", HIGH_VALUE_USD="-1")
    for name in ("ENVIRONMENT", "KAFKA_PARTITIONS", "HIGH_VALUE_USD"):
        assert f"FINGUARD_{name}: " in said


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({"VELOCITY_MAX_COUNT": "16"}, ["HISTORY_MAX_COUNT", "VELOCITY_MAX_COUNT"]),
        ({"HISTORY_MAX_AGE_HOURS": "0.01"}, ["HISTORY_MAX_AGE_HOURS", "VELOCITY_WINDOW_S"]),
        ({"KAFKA_DEAD_LETTER_TOPIC": "transactions"}, ["KAFKA_DEAD_LETTER_TOPIC", "KAFKA_TOPIC"]),
        ({"SESSION_TIMEOUT_MS": "300001"}, ["SESSION_TIMEOUT_MS", "MAX_POLL_INTERVAL_MS"]),
        ({"API_TOKEN_MINUTES": "60"}, ["API_SESSION_IDLE_MINUTES", "API_TOKEN_MINUTES"]),
        ({"API_SESSION_IDLE_MINUTES": "721"}, ["API_SESSION_HOURS", "API_SESSION_IDLE_MINUTES"]),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"},
            ["KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"],
        ),
    ],
)
def test_settings_that_disagree_are_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], names: list[str]
) -> None:
    """Values that are right alone and wrong together are told with both names."""
    said = complaint(monkeypatch, **variables)
    for name in names:
        assert f"FINGUARD_{name}" in said


@pytest.mark.parametrize(
    "secret", [None, "", DEVELOPMENT_SECRET, "31-bytes-are-not-enough-of-them"]
)
def test_production_refuses_a_default_or_short_secret(
    monkeypatch: pytest.MonkeyPatch, secret: str | None
) -> None:
    """Anybody could sign tokens otherwise."""
    variables = {} if secret is None else {"API_SECRET_KEY": secret}
    said = complaint(monkeypatch, ENVIRONMENT="production", **variables)
    assert said.startswith("FINGUARD_API_SECRET_KEY must be ")
    assert "32 bytes" in said


def test_production_refuses_the_documented_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """`password123` is for development; no password at all is no fault of the settings."""
    monkeypatch.setenv("FINGUARD_API_SECRET_KEY", SECRET)
    said = complaint(monkeypatch, ENVIRONMENT="production", API_ADMIN_PASSWORD="password123")
    assert said.startswith("FINGUARD_API_ADMIN_PASSWORD must not ")
    monkeypatch.delenv("FINGUARD_API_ADMIN_PASSWORD")
    assert "production" == load_settings().environment


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by printing the settings nor by the traceback of a refusal."""
    secrets = {
        "API_SECRET_KEY": HOSTILE,
        "API_ADMIN_PASSWORD": HOSTILE,
        "KAFKA_SASL_PASSWORD": HOSTILE,
        "REDIS_URL": f"redis://:{HOSTILE}@localhost",
        "POSTGRES_DSN": f"postgresql://u:{HOSTILE}@localhost/d",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(f"FINGUARD_{name}", value)
    loaded = load_settings()
    assert HOSTILE == loaded.api_secret_key.get_secret_value()
    assert HOSTILE not in repr(loaded) + str(loaded)
    monkeypatch.setenv("FINGUARD_ENVIRONMENT", "production")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert HOSTILE not in "".join(traceback.format_exception(caught.value))


def test_values_come_from_the_file_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`.env` fills in what the environment does not say."""
    (tmp_path / ".env").write_text("FINGUARD_KAFKA_TOPIC=a\nFINGUARD_KAFKA_GROUP=b\nOTHER=c\n")
    monkeypatch.setenv("FINGUARD_KAFKA_GROUP", "d")
    loaded = load_settings()
    assert ("a", "d") == (loaded.kafka_topic, loaded.kafka_group)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """What an editor saved as UTF-16 is a clear line and no traceback."""
    (tmp_path / ".env").write_bytes("FINGUARD_KAFKA_TOPIC=a\n".encode("utf-16"))
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load_settings()


def test_an_empty_value_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """`FINGUARD_X=` leaves the default, as compose files write what is not set."""
    for field in Settings.model_fields:
        monkeypatch.setenv(f"FINGUARD_{field.upper()}", "")
    assert Settings.model_construct() == load_settings()


def test_units_per_usd_amend_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON numbers and strings are read exactly; currencies left out keep their equivalent."""
    monkeypatch.setenv("FINGUARD_UNITS_PER_USD", '{"EUR": 0.92, "JPY": "155"}')
    equivalents = load_settings().rule_limits().value.equivalents
    assert Decimal("0.92") == equivalents.units_per_usd["EUR"]
    assert Decimal(155) == equivalents.units_per_usd["JPY"]
    assert Equivalents().units_per_usd["KWD"] == equivalents.units_per_usd["KWD"]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40))
@example("{" * 50)
@example('{"EUR": 1e999999999999999999999}')
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_text_is_a_value_or_refused(text: str) -> None:
    """No text in a variable raises anything but ConfigurationError."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FINGUARD_UNITS_PER_USD", text)
        patch.setenv("FINGUARD_HIGH_VALUE_USD", text)
        try:
            load_settings()
        except ConfigurationError as error:
            assert "FINGUARD_" in str(error)  # noqa: PT017 - some of the texts are values


def test_a_misspelt_variable_is_told_with_the_nearest_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In the environment and in `.env`: it does nothing, and the operator hears of it."""
    monkeypatch.setenv("FINGUARD_KAFKA_TOPICS", "t")
    (tmp_path / ".env").write_text("FINGUARD_HISTORY_COUNT=9\nFINGUARD_XYZZY=1\nOTHER=1\n")
    nothing = " is no setting of FinGuard and does nothing"
    expected = [
        f"FINGUARD_HISTORY_COUNT{nothing}; did you mean FINGUARD_HISTORY_MAX_COUNT?",
        f"FINGUARD_KAFKA_TOPICS{nothing}; did you mean FINGUARD_KAFKA_TOPIC?",
        f"FINGUARD_XYZZY{nothing}",
    ]
    assert expected == unknown_settings()


def test_the_variables_of_the_tools_are_not_misspelt(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the Procfile, the Makefile, the stack and the tests read is theirs."""
    for name in ("API_PORT", "DASHBOARD_PORT", "HOME", "MAVEN_URL", "TEST_DATA", "kafka_topic"):
        monkeypatch.setenv(f"FINGUARD_{name}", "x")
    assert [] == unknown_settings()


def test_the_example_names_every_setting_once() -> None:
    """`.env.example` is complete and knows nothing that FinGuard does not."""
    names = re.findall(r"^(FINGUARD_\w+)=", EXAMPLE.read_text(), re.MULTILINE)
    assert sorted(f"FINGUARD_{field.upper()}" for field in Settings.model_fields) == sorted(names)


def test_the_example_holds_the_defaults(tmp_path: Path) -> None:
    """A copy of `.env.example` changes nothing."""
    (tmp_path / ".env").write_text(EXAMPLE.read_text())
    assert Settings.model_construct() == load_settings()
    assert [] == unknown_settings()


def test_the_example_explains_every_setting() -> None:
    """A comment stands over each variable, or over the group of lines that it begins."""
    blocks = re.split(r"\n(?=#)", EXAMPLE.read_text())
    assert all(block.startswith("#") for block in blocks)
    explained = [block for block in blocks if re.search(r"^FINGUARD_", block, re.MULTILINE)]
    assert len(explained) > 0.75 * len(Settings.model_fields)
