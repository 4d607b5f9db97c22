"""The producer as a process against a real broker: world, replay, outage, signals, exit codes."""

import json
import re
from collections import Counter
from pathlib import Path

from devstack import Stack
from finguard.domain.transaction import decode
from finguard.errors import InvalidMessage
from tests.acceptance.programs import Program, Site
from tests.patience import wait_for

HEADER = "transaction_id,user_id,amount,currency,merchant,category,city,country,lat,lon,timestamp\n"


def _payloads(site: Site) -> list[bytes | None]:
    return sorted(
        (record.value for records in site.records().values() for record in records),
        key=lambda value: value or b"",
    )


def _published(site: Site) -> int:
    return sum(len(records) for records in site.records().values())


def test_the_world_arrives_whole_with_its_truth_apart(site: Site, tmp_path: Path) -> None:
    """Every message is on the topic, its labels are in the file, and each is what they say."""
    labels = tmp_path / "labels.jsonl"
    site.produce(
        *("--rate", "0", "--limit", "3000", "--seed", "5", "--fraud-rate", "0.1"),
        *("--poison-rate", "0.05", "--labels", str(labels)),
    )
    truth = [json.loads(line) for line in labels.read_text("utf-8").splitlines()]
    frauds = {row["transaction_id"] for row in truth if "scenario" in row}
    accepted, refused = set(), 0
    for records in site.records().values():
        for record in records:
            try:
                transaction = decode(
                    record.value, key=record.key, published_us=record.timestamp * 1_000
                )
            except InvalidMessage:
                refused += 1
            else:
                accepted.add(transaction.transaction_id)
    assert len(accepted) + refused == 3_000
    assert refused == sum("poison" in row for row in truth) > 50
    assert frauds <= accepted
    assert len(frauds) > 100


def test_a_user_stays_in_one_partition_and_in_order(site: Site) -> None:
    """The key decides the partition, and event time never goes back within it."""
    site.produce("--rate", "0", "--limit", "3000", "--poison-rate", "0", "--users", "50")
    homes: dict[bytes | None, set[int]] = {}
    for partition, records in site.records().items():
        times = [
            decode(record.value, key=record.key, published_us=2**62).time_us for record in records
        ]
        assert times == sorted(times)
        for record in records:
            homes.setdefault(record.key, set()).add(partition)
    assert all(len(partitions) == 1 for partitions in homes.values())
    assert set().union(*homes.values()) == set(range(6))


def test_a_run_can_be_repeated_byte_for_byte(site: Site) -> None:
    """Twice the same seed and start time give every message twice."""
    options = ("--seed", "9", "--start-time", "2026-01-01", "--rate", "0", "--limit", "500")
    site.produce(*options)
    site.produce(*options)
    assert {2} == set(Counter(_payloads(site)).values())


def test_the_rate_is_kept(site: Site) -> None:
    """No faster than asked: at 200 a second, a thousand take five seconds."""
    with site.running("producer.py", "--rate", "200", "--limit", "1000") as producer:
        producer.expect_output("simulating")
        producer.expect_exit(0)
        paces = re.findall(r"finished .*per_second=([0-9.]+)", producer.output())
        assert [float(pace) < 210 for pace in paces] == [True]
        assert "delivered=1000" in producer.output()
        assert "failed=0" in producer.output()


def test_a_signal_ends_the_run_cleanly(site: Site) -> None:
    """Everything published is flushed and reported, and the exit code is 0."""
    with site.running("producer.py", "--rate", "500") as producer:
        producer.expect_output("simulating")
        wait_for(lambda: _published(site) > 0, "the first messages")
        producer.terminate()
        producer.expect_exit(0)
        assert f"delivered={_published(site)} failed=0" in producer.output()


def test_an_outage_is_waited_for(stack: Stack, site: Site) -> None:
    """A broker frozen for seconds is told, and its return, and nothing is lost or doubled by it."""
    with site.running("producer.py", "--rate", "300", "--limit", "3000") as producer:
        producer.expect_output("simulating")
        stack.kafka.freeze()
        try:
            producer.expect_output("Kafka is unreachable; waiting")
        finally:
            stack.kafka.thaw()
        producer.expect_output("Kafka is back")
        producer.expect_exit(0)
        # A broker that has just come back may keep silent once more.
        output = producer.output()
        assert output.count("Kafka is unreachable") == output.count("Kafka is back") >= 1
    assert _published(site) == 3_000


def test_a_broker_that_stays_away_fails_the_run(stack: Stack, site: Site) -> None:
    """After the time to give up: exit code 1, one line of error, and the failed ones counted."""
    with site.running("producer.py", "--rate", "300", "--give-up-after", "10") as producer:
        producer.expect_output("simulating")
        wait_for(lambda: _published(site) > 0, "the first messages")
        stack.kafka.freeze()
        try:
            producer.expect_exit(1)
        finally:
            stack.kafka.thaw()
        _expect_error(producer, "has acknowledged nothing for ")
        assert re.search(r"acknowledged nothing for \d+ s", producer.output())
        (last,) = [line for line in producer.output().splitlines() if "finished" in line]
        assert "failed=0" not in last


def test_no_broker_is_told_with_the_remedy(site: Site) -> None:
    """A first run before `make up`: one line, exit code 1, no trace."""
    nowhere = {"FINGUARD_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    with site.running("producer.py", "--limit", "1", env=nowhere) as producer:
        producer.expect_exit(1)
        _expect_error(producer, "start it with `make up`")


def test_a_real_file_is_replayed_in_order(site: Site, data_folder: Path) -> None:
    """The Handbook sample: every row once, each user's in the file's order, labels left out."""
    site.produce("--replay", str(data_folder / "handbook_sample_2days.csv.gz"))
    records = site.records()
    assert sum(map(len, records.values())) == 19_134
    for partition in records.values():
        ids = [json.loads(record.value or b"")["transaction_id"] for record in partition]
        assert ids == sorted(ids)
        assert not any(b"label" in (record.value or b"") for record in partition)


def test_a_file_of_strangers_is_mapped(site: Site, tmp_path: Path) -> None:
    """Other column names, no currency column, a bad row: mapped, defaulted, skipped and told."""
    path = tmp_path / "sales.csv"
    header = HEADER.replace("amount,currency", "amt").replace("timestamp", "when")
    rows = [
        f"t{n},ann,{n}.5,Shop,books,Brussels,BE,50.8,4.3,2018-06-01 00:00:0{n}\n" for n in (1, 2)
    ]
    path.write_text(header + rows[0] + "broken\n" + rows[1], "utf-8")
    arguments = ("--map", "amount=amt", "--map", "timestamp=when", "--default", "currency=EUR")
    with site.running("producer.py", "--replay", str(path), *arguments) as producer:
        producer.expect_exit(0)
        assert "row skipped" in producer.output()
        assert "row=3" in producer.output()
    first, second = (json.loads(value or b"") for value in _payloads(site))
    assert (first["amount"], first["currency"], first["channel"]) == (1.5, "EUR", "in_person")
    assert second["timestamp"] == "2018-06-01T00:00:02Z"


def test_bad_usage_has_its_own_exit_code(site: Site) -> None:
    """Code 2, as everywhere on the command line, without a word to Kafka."""
    with site.running("producer.py", "--rate", "fast") as producer:
        producer.expect_exit(2)
        assert "--rate: invalid number" in producer.output()


def _expect_error(producer: Program, text: str) -> None:
    last = producer.output().splitlines()[-1]
    assert last.startswith("error: ")
    assert text in last
    assert "Traceback" not in producer.output()
