"""The main job with the real commands: transactions in, the right alerts out, whatever dies."""

import json
from pathlib import Path
from random import Random

import pandas as pd

from tests.acceptance.programs import Site, wait_for

WORLD = ("--users", "200", "--seed", "11", "--fraud-rate", "0.05", "--poison-rate", "0.01")


def test_every_effect_equals_the_oracles(site: Site) -> None:
    """Alerts, dead letters and counters in PostgreSQL are those of one run in memory."""
    site.produce(*WORLD, "--rate", "0", "--limit", "5000")
    with site.running("detector.py"):
        site.wait_until_judged()
    effects = site.effects()
    assert effects == site.oracle()
    assert {rule for _, _, rule, *_ in effects["alerts"]} == {
        "impossible_travel",
        "high_value",
        "velocity",
    }
    assert len(effects["dead_letters"]) > 10


def test_labelled_fraud_is_found(site: Site, tmp_path: Path) -> None:
    """Of the frauds that the three rules are made for, the detector finds nearly all."""
    labels = tmp_path / "labels.jsonl"
    site.produce(*WORLD, "--rate", "0", "--limit", "5000", "--labels", str(labels))
    with site.running("detector.py"):
        site.wait_until_judged()
    truth = [json.loads(line) for line in labels.read_text("utf-8").splitlines()]
    scenarios = {row["transaction_id"]: row["scenario"] for row in truth if "scenario" in row}
    alerted = {transaction for _, transaction, *_ in site.effects()["alerts"]}
    high_value = {tid for tid, scenario in scenarios.items() if scenario == "high_value"}
    assert high_value
    assert high_value <= alerted
    genuine = alerted - scenarios.keys()
    assert len(genuine) < 0.2 * len(alerted)


def test_detectors_killed_again_and_again_leave_the_oracles_effects(site: Site) -> None:
    """SIGKILL at random moments under load: nothing is lost and nothing is doubled."""
    random = Random(5)  # noqa: S311 - moments to die, no secret
    with site.running("producer.py", *WORLD, "--rate", "800") as producer:
        for _ in range(4):
            with site.running("detector.py") as detector:
                site.wait_for_progress()
                wait_for(lambda: random.random() < 0.2, "a moment to die")
                detector.kill()
        producer.terminate()
        producer.expect_exit(0)
    with site.running("detector.py"):
        site.wait_until_judged()
    assert site.effects() == site.oracle()


def test_a_stop_is_clean(site: Site) -> None:
    """SIGTERM under load ends the detector with 0, and a successor has nothing to do again."""
    with site.running("producer.py", *WORLD, "--rate", "500") as producer:
        with site.running("detector.py") as detector:
            site.wait_for_progress()
            detector.terminate()
            detector.expect_exit(0)
        producer.terminate()
        producer.expect_exit(0)
    with site.running("detector.py") as successor:
        site.wait_until_judged()
        assert "rebuilding" not in successor.output()
    assert site.effects() == site.oracle()


def test_members_share_the_work_and_take_over(site: Site) -> None:
    """One, then three, then one detector during load: the same effects."""
    load = (*WORLD, "--rate", "500")
    with site.running("producer.py", *load) as producer, site.running("detector.py") as first:
        first.expect_output("partitions=[0, 1, 2, 3, 4, 5]")
        with site.running("detector.py") as second, site.running("detector.py") as third:
            second.expect_output("partitions assigned")
            third.expect_output("partitions assigned")
            second.terminate()
            second.expect_exit(0)
            third.kill()
        site.wait_for_progress()
        producer.terminate()
        producer.expect_exit(0)
        site.wait_until_judged()
    assert site.effects() == site.oracle()


def test_real_transactions_run_through_to_alerts(site: Site, data_folder: Path) -> None:
    """All of a published sample is judged, and at its first scenario's threshold that is found."""
    sample = data_folder / "handbook_sample_2days.csv.gz"
    site.produce("--replay", str(sample))
    with site.running("detector.py", env={"FINGUARD_HIGH_VALUE_USD": "245"}):
        site.wait_until_judged()
    effects = site.effects()
    assert sum(count for *_, count in effects["transactions"]) == 19_134
    assert effects["dead_letters"] == []
    rows = pd.read_csv(sample)
    expensive = rows.loc[rows["amount"] >= 220.5, "transaction_id"]  # 245 USD in euros
    assert sorted(row[1] for row in effects["alerts"]) == sorted(expensive)
    assert len(expensive) > 0


def test_absent_services_are_told_in_one_line(site: Site) -> None:
    """Each missing service: one line with the remedy, no trace, exit code 1."""
    for variable, value, name in [
        ("FINGUARD_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1", "Kafka"),
        ("FINGUARD_REDIS_URL", "redis://127.0.0.1:1/0", "Redis"),
        ("FINGUARD_POSTGRES_DSN", "postgresql://x@127.0.0.1:1/x", "PostgreSQL"),
    ]:
        with site.running("detector.py", env={variable: value}) as detector:
            detector.expect_exit(1)
            (line,) = (text for text in detector.output().splitlines() if "error: " in text)
            assert name in line
            assert "make up" in line
            assert variable in line
            assert "Traceback" not in detector.output()


def test_a_wrong_setting_names_its_variable(site: Site) -> None:
    """What the variable takes is said, too."""
    with site.running("detector.py", env={"FINGUARD_VELOCITY_MAX_COUNT": "many"}) as detector:
        detector.expect_exit(1)
        assert "FINGUARD_VELOCITY_MAX_COUNT" in detector.output()
        assert "integer" in detector.output()
