"""From settings to kafka-python's arguments."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import socket

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from finguard.adapters.kafka.connection import ClosedWhenUnsafe, connection_arguments
from finguard.errors import ConfigurationError


def test_several_servers_may_be_named() -> None:
    """Separated by commas, with or without spaces."""
    arguments = connection_arguments(bootstrap_servers="a:1, b:2,c:3")
    assert arguments["bootstrap_servers"] == ["a:1", "b:2", "c:3"]
    assert arguments["security_protocol"] == "PLAINTEXT"


def certificate(folder: Path) -> tuple[str, str]:
    """A certificate that signs itself, and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(signed.public_bytes(Encoding.PEM))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    files[1].write_bytes(secret)
    return str(files[0]), str(files[1])


def test_sasl_and_tls_are_passed_on(tmp_path: Path) -> None:
    """Under the names that kafka-python gives them; only the authority that is named is trusted."""
    certfile, keyfile = certificate(tmp_path)
    arguments = connection_arguments(
        bootstrap_servers="a:1",
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="finguard",
        sasl_password="secret",
        ssl_cafile=certfile,
        ssl_certfile=certfile,
        ssl_keyfile=keyfile,
    )
    assert arguments.items() >= {
        ("security_protocol", "SASL_SSL"),
        ("sasl_mechanism", "SCRAM-SHA-512"),
        ("sasl_plain_username", "finguard"),
        ("sasl_plain_password", "secret"),
    }
    tls = arguments["ssl_context"].context()
    assert (tls.check_hostname, tls.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert tls.cert_store_stats()["x509"] == 1


def test_a_renewed_certificate_counts_from_the_next_connection(tmp_path: Path) -> None:
    """Programs run for longer than certificates are valid."""
    certfile, keyfile = certificate(tmp_path)
    tls = connection_arguments(
        bootstrap_servers="a:1",
        security_protocol="SSL",
        ssl_certfile=certfile,
        ssl_keyfile=keyfile,
    )["ssl_context"]
    Path(keyfile).write_bytes(b"")

    with socket() as plain, pytest.raises(OSError, match="PEM"):
        tls.wrap_socket(plain, server_hostname="broker", do_handshake_on_connect=False)

    certificate(tmp_path)
    with tls.wrap_socket(socket(), server_hostname="broker", do_handshake_on_connect=False) as made:
        assert isinstance(made, ClosedWhenUnsafe)


def test_what_is_no_certificate_is_told(tmp_path: Path) -> None:
    """By its setting, as is a key that belongs to another."""
    certfile, _ = certificate(tmp_path)
    (tmp_path / "other").mkdir()
    _, other = certificate(tmp_path / "other")
    (tmp_path / "empty.pem").touch()
    for wrong in (
        {"ssl_cafile": str(tmp_path / "empty.pem")},
        {"ssl_certfile": certfile, "ssl_keyfile": other},
    ):
        told = "FINGUARD_KAFKA_SSL_C.*: not to be read, no PEM file, or of another key"
        with pytest.raises(ConfigurationError, match=told):
            connection_arguments(bootstrap_servers="a:1", security_protocol="SSL", **wrong)


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
