"""The lock file of Kafka's archives."""

import re

import pytest

from devstack.jars import LOCK_FILE, Jar, locked_jars


def test_the_lock_file_names_each_archive_once_with_its_checksum() -> None:
    """What is downloaded is exactly known."""
    jars = locked_jars()
    assert len(jars) == len({jar.name for jar in jars})
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) and jar.size_bytes > 0 for jar in jars)
    assert {"kafka_2.13", "kafka-clients", "slf4j-simple"} <= {jar.artifact for jar in jars}


def test_the_lock_file_is_as_its_script_writes_it() -> None:
    """Reading and writing agree, so a new lock differs only in what has changed."""
    header, *lines = LOCK_FILE.read_text(encoding="utf-8").splitlines()
    assert header.startswith("#")
    assert lines == [str(Jar.parse(line)) for line in lines]


def test_a_jar_knows_its_place_in_a_repository() -> None:
    """The path is Maven's layout."""
    jar = Jar.parse("ab 7 org.apache.kafka:kafka_2.13:4.3.1")
    assert jar.path == "org/apache/kafka/kafka_2.13/4.3.1/kafka_2.13-4.3.1.jar"


@pytest.mark.parametrize(
    ("line", "reason"),
    [("ab 7", "unpack"), ("ab x g:a:v", "invalid literal"), ("ab 7 g:a", "unpack")],
)
def test_a_damaged_line_is_refused(line: str, reason: str) -> None:
    """Half a line never becomes half a class path."""
    with pytest.raises(ValueError, match=reason):
        Jar.parse(line)
