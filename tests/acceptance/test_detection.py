"""The main job with the real commands: transactions in, the right alerts out."""

import json
from pathlib import Path

import pandas as pd

from tests.acceptance.programs import Site

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
