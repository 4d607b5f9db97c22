"""From settings to kafka-python's arguments."""

from pathlib import Path

import pytest

from finguard.adapters.kafka.connection import connection_arguments
from finguard.errors import ConfigurationError


def test_several_servers_may_be_named() -> None:
    """Separated by commas, with or without spaces."""
    arguments = connection_arguments(bootstrap_servers="a:1, b:2,c:3")
    assert arguments["bootstrap_servers"] == ["a:1", "b:2", "c:3"]
    assert arguments["security_protocol"] == "PLAINTEXT"


def test_sasl_and_tls_are_passed_on(tmp_path: Path) -> None:
    """Under the names that kafka-python gives them."""
    files = {name: str(tmp_path / name) for name in ("cafile", "certfile", "keyfile")}
    for file in files.values():
        Path(file).touch()
    arguments = connection_arguments(
        bootstrap_servers="a:1",
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="finguard",
        sasl_password="secret",
        ssl_cafile=files["cafile"],
        ssl_certfile=files["certfile"],
        ssl_keyfile=files["keyfile"],
    )
    assert arguments.items() >= {
        ("security_protocol", "SASL_SSL"),
        ("sasl_mechanism", "SCRAM-SHA-512"),
        ("sasl_plain_username", "finguard"),
        ("sasl_plain_password", "secret"),
        *((f"ssl_{name}", file) for name, file in files.items()),
    }


@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
def test_sasl_needs_all_its_parts(protocol: str) -> None:
    """A missing password is told by the name of its setting, not by a broker's refusal."""
    with pytest.raises(ConfigurationError, match="FINGUARD_KAFKA_SASL_PASSWORD"):
        connection_arguments(
            bootstrap_servers="a:1",
            security_protocol=protocol,
            sasl_mechanism="PLAIN",
            sasl_username="finguard",
        )


def test_a_missing_certificate_is_told() -> None:
    """By its setting; the client would only say that no broker can be reached."""
    with pytest.raises(ConfigurationError, match="FINGUARD_KAFKA_SSL_CAFILE: no file /nowhere"):
        connection_arguments(
            bootstrap_servers="a:1", security_protocol="SSL", ssl_cafile="/nowhere/ca.pem"
        )


def test_secrets_of_another_protocol_stay_at_home() -> None:
    """Without SASL no password is handed to the client."""
    arguments = connection_arguments(bootstrap_servers="a:1", sasl_password="secret")
    assert "secret" not in arguments.values()
