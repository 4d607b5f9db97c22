"""Where the services are to be found."""

import pytest

from devstack.errors import StackError
from devstack.settings import (
    KAFKA_SETTING,
    Address,
    StackSettings,
    free_ports,
    is_free,
    kafka_addresses,
    postgres_address,
    postgres_parameters,
    redis_address,
)


def test_defaults_are_the_documented_ports() -> None:
    """With nothing set, everything is where the README says."""
    settings = StackSettings.load({})
    assert [Address(host="localhost", port=9092)] == kafka_addresses(
        settings.kafka_bootstrap_servers
    )
    assert Address(host="localhost", port=6379) == redis_address(settings.redis_url)
    assert Address(host="localhost", port=5432) == postgres_address(settings.postgres_dsn)
    assert (settings.api.port, settings.dashboard.port) == (8000, 8501)


def test_an_empty_variable_means_the_default() -> None:
    """`FINGUARD_...=` in a .env file is no setting."""
    assert StackSettings.load({}) == StackSettings.load({KAFKA_SETTING: ""})


def test_kafka_may_have_several_servers() -> None:
    """A bootstrap list keeps its order, and a server without a port has Kafka's."""
    expected = [Address(host="a", port=1), Address(host="b", port=9092)]
    assert expected == kafka_addresses("a:1, b")


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://ann:s%20ecret@db:15432/fraud",
        "host=db port=15432 user=ann password='s ecret' dbname=fraud",
    ],
)
def test_both_forms_of_a_dsn_are_read(dsn: str) -> None:
    """A URL and libpq's key=value form say the same."""
    expected = {"user": "ann", "password": "s ecret", "dbname": "fraud"}
    assert Address(host="db", port=15432) == postgres_address(dsn)
    assert expected.items() <= postgres_parameters(dsn).items()


@pytest.mark.parametrize(
    "host", ["db.example", "10.0.0.1", "::1", "/run/postgresql", "localhost,db.example"]
)
def test_only_this_machines_loopback_gets_an_embedded_server(host: str) -> None:
    """A server of another machine is never replaced by one of ours."""
    assert not postgres_address(f"host={host} dbname=x").is_local


@pytest.mark.parametrize(
    "read",
    [
        lambda: kafka_addresses("localhost:none"),
        lambda: kafka_addresses(" , "),
        lambda: redis_address("http://localhost"),
        lambda: redis_address("redis://localhost:99999"),
        lambda: postgres_address("postgresql://localhost:0/x"),
        lambda: postgres_address("not a dsn"),
        lambda: StackSettings.load({"FINGUARD_API_PORT": "http"}),
    ],
)
def test_nonsense_is_named_and_an_example_given(read: object) -> None:
    """A setting that cannot be read is called by its name, with one that can."""
    assert callable(read)
    with pytest.raises(StackError, match=r"FINGUARD_\w+ cannot be read") as caught:
        read()
    assert "write it like" in caught.value.remedy


def test_a_secret_never_shows_in_an_error() -> None:
    """What cannot be read may hold a password, so it is not repeated."""
    with pytest.raises(StackError) as caught:
        redis_address("rediss//:hunter2@localhost")
    assert "hunter2" not in str(caught.value)


def test_free_ports_are_free_and_differ() -> None:
    """Several stacks can run side by side."""
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert all(map(is_free, ports))
