"""What a replayed, labelled file led to: alerts by rule, held against the file's own labels."""

import argparse
from pathlib import Path

import pandas as pd
import psycopg2

from bench.machine import describe
from finguard.settings import load_settings

LABELS = ("label_fraud", "is_fraud")


def main() -> None:
    """Join the alerts of the configured topic with a file's labels and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="the replayed file: .csv, .csv.gz or .parquet")
    file: Path = parser.parse_args().file
    labelled = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file)
    label = next(name for name in LABELS if name in labelled.columns)
    alerts = _alerts()
    fraud = set(labelled.loc[labelled[label] == 1, "transaction_id"].astype(str))
    print(describe("kafka-python", "msgspec"))  # noqa: T201
    print(f"{file.name}: {len(labelled):,} transactions, {len(fraud):,} labelled as fraud")  # noqa: T201
    for rule, found in [*alerts.groupby("rule"), ("any rule", alerts)]:
        ids = set(found["transaction_id"])
        hits = len(ids & fraud)
        print(  # noqa: T201
            f"  {rule:18} {len(ids):7,} transactions alerted, {hits:6,} of them labelled as fraud"
            f" ({hits / max(1, len(ids)):.1%})"
        )


def _alerts() -> pd.DataFrame:
    settings = load_settings()
    connection = psycopg2.connect(settings.postgres_dsn.get_secret_value())
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT transaction_id, rule FROM alerts WHERE topic = %s", (settings.kafka_topic,)
            )
            return pd.DataFrame(cursor.fetchall(), columns=["transaction_id", "rule"])
    finally:
        connection.close()


if __name__ == "__main__":
    main()
