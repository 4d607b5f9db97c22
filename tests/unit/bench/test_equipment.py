"""What only the bench installs."""

from bench.detector.equipment import STREAMS_LOCK, pins
from devstack.jars import locked_jars


def test_kafka_streams_is_of_the_brokers_version() -> None:
    """Its own archives and those that it shares with the broker belong together."""
    (broker,) = (jar.version for jar in locked_jars() if jar.artifact == "kafka-clients")
    (streams,) = (
        jar.version for jar in locked_jars(STREAMS_LOCK) if jar.artifact == "kafka-streams"
    )
    assert broker == streams


def test_every_package_of_the_peers_is_pinned() -> None:
    """What is measured tomorrow is what was measured today."""
    assert all(pin.count("==") == 1 for pin in pins())
    assert "quixstreams==3.28.0" in pins()
