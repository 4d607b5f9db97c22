"""The command line: what it refuses, and how its options become a job."""

import re
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from finguard.domain.transaction import decode
from finguard.simulator.cli import parse_job
from finguard.simulator.replay.rows import UnreadableFile
from finguard.simulator.truth import Fraud

CSV = """transaction_id,user_id,amount,currency,merchant,category,city,country,lat,lon,timestamp
t1,ann,12.3,EUR,Shop,books,Brussels,BE,50.8,4.3,2018-06-01T00:00:00Z
t2,ann,12.3,EUR,Shop,books,Brussels,BE,50.8,4.3,2018-06-01T00:01:00Z
"""


@pytest.fixture
def sales(tmp_path: Path) -> str:
    """A small file to replay."""
    path = tmp_path / "sales.csv"
    path.write_text(CSV, "utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--rate", "-1"], "--rate: must be 0 or more"),
        (["--rate", "nan"], "--rate: must be 0 or more"),
        (["--rate", "fast"], "--rate: invalid number"),
        (["--users", "0"], "--users: must be 1 or more"),
        (["--limit", "1.5"], "--limit: invalid whole_number"),
        (["--fraud-rate", "0.6"], "--fraud-rate: must be 0 to 0.5"),
        (["--poison-rate", "1"], "--poison-rate: must be 0 to 0.9"),
        (["--start-time", "yesterday"], "'yesterday' is no ISO 8601 time"),
        (["--start-time", "2999-01-01"], "lies in the future"),
        (["--rate", "0", "--users", "1", "--limit", "999999"], "before 1970"),
        (["--speed", "2"], "--speed: only with --replay"),
        (["--map", "amount=amt"], "--map: only with --replay"),
        (["--replay", "x.csv", "--rate", "5", "--start-time", "2020-01-01"], "not with --replay"),
        (["--replay", "x.csv", "--map", "sum=amt"], "'sum' is no field of the event"),
        (["--replay", "x.csv", "--default", "channel"], "not of the form FIELD=..."),
        (["--pace", "1"], "unrecognized arguments"),
    ],
)
def test_bad_usage_is_refused_in_one_line(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Code 2, and a last line that says what is wrong with which option."""
    with pytest.raises(SystemExit) as exit_:
        parse_job(arguments)
    assert exit_.value.code == 2
    assert complaint in capsys.readouterr().err.splitlines()[-1]


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` explains each option, with its default."""
    with pytest.raises(SystemExit) as exit_:
        parse_job(["--help"])
    assert exit_.value.code == 0
    text = capsys.readouterr().out
    for option in (
        *("--rate", "--users", "--seed", "--limit", "--fraud-rate", "--poison-rate"),
        *("--start-time", "--labels", "--replay", "--map", "--default", "--speed"),
    ):
        assert option in text


def test_by_default_the_world_is_live() -> None:
    """Events begin now, at the pace of the clock, without an end."""
    before = datetime.now(UTC)
    job = parse_job([])
    first = next(job.messages)
    assert before <= datetime.fromtimestamp(first.time_us / 1e6, UTC) <= datetime.now(UTC)
    assert (job.speed, job.total()) == (1.0, None)
    assert (job.facts["rate"], job.facts["users"]) == (50.0, 1_000)


def test_the_same_options_give_the_same_bytes() -> None:
    """Two jobs with one seed and start time are equal, label for label."""
    options = ["--seed", "5", "--start-time", "2026-01-01", "--poison-rate", "0.1", "--users", "50"]
    one, other = (list(islice(parse_job(options).messages, 2_000)) for _ in range(2))
    assert one == other


def test_a_random_run_can_be_repeated() -> None:
    """The options that the log shows at the start give the very messages again."""
    job = parse_job(["--rate", "4", "--users", "90", "--fraud-rate", "0.2"])
    again = parse_job(str(job.facts["repeat_with"]).split())
    assert list(islice(job.messages, 1_000)) == list(islice(again.messages, 1_000))


def test_users_grow_with_the_rate() -> None:
    """A high rate gets as many users as keep it plausible; a user's own number is respected."""
    roomy, crowded = parse_job(["--rate", "100"]), parse_job(["--rate", "100", "--users", "10"])
    assert (roomy.facts["users"], crowded.facts["users"]) == (2_000, 10)
    assert roomy.warning == ""
    assert "card testers" in crowded.warning


def test_full_speed_ends_about_now() -> None:
    """With a limit and no start time, event time runs up to the present and not past it."""
    job = parse_job(["--rate", "0", "--limit", "3000", "--seed", "1"])
    messages = list(job.messages)
    last = datetime.fromtimestamp(messages[-1].time_us / 1e6, UTC)
    assert timedelta(0) <= datetime.now(UTC) - last < timedelta(hours=1)
    assert (len(messages), job.total(), job.speed) == (3_000, 3_000, None)


def test_zones_count() -> None:
    """A start time with an offset is that instant; one without is UTC."""
    for text in ("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00"):
        first = next(parse_job(["--start-time", text, "--users", "1"]).messages)
        assert datetime(2026, 1, 1, tzinfo=UTC) == datetime.fromtimestamp(first.time_us / 1e6, UTC)


def test_labels_and_events_are_apart() -> None:
    """An event says nothing of its label, and is a good transaction."""
    job = parse_job(["--seed", "3", "--start-time", "2026-01-01", "--poison-rate", "0"])
    for message in islice(job.messages, 5_000):
        decode(message.value, key=message.key, published_us=message.time_us)
        assert not re.search(rb"label|fraud|scenario", message.value or b"")
        if isinstance(message.label, Fraud):
            assert message.label.transaction_id.encode() in (message.value or b"")


def test_replay_takes_its_own_options(sales: str) -> None:
    """Speed, limit and defaults reach the job; without a speed it is as fast as possible."""
    job = parse_job(["--replay", sales, "--speed", "60", "--default", "channel=online"])
    assert (job.speed, job.total()) == (60.0, 2)
    assert b'"channel":"online"' in (next(job.messages).value or b"")
    limited = parse_job(["--replay", sales, "--limit", "1"])
    assert (limited.speed, limited.total(), len(list(limited.messages))) == (None, 1, 1)


def test_give_up_time_reaches_the_job(sales: str) -> None:
    """How long Kafka may stay silent is the user's to say, in both modes."""
    assert parse_job([]).give_up_s == 120.0
    assert parse_job(["--replay", sales, "--give-up-after", "9"]).give_up_s == 9.0


def test_a_missing_file_is_told() -> None:
    """The file's name and what is wrong with it."""
    with pytest.raises(UnreadableFile, match=r"nowhere\.csv: No such file"):
        parse_job(["--replay", "nowhere.csv"])


def test_columns_that_do_not_fit_are_told(sales: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Which column is missing, and which there are."""
    with pytest.raises(SystemExit):
        parse_job(["--replay", sales, "--map", "amount=amt"])
    assert "no column amt; the file has transaction_id, user_id," in capsys.readouterr().err
