"""Attacks the API for as long as you like: `python -m tests.fuzz`, or `make fuzz`."""

import argparse
import random
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from devstack import running_stack
from tests.conftest import clone_database, make_template
from tests.fuzz.campaign import attack
from tests.fuzz.target import ATTACKERS, target


def main() -> int:
    """Attack as each attacker, on data of its own each time."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="random if none")  # noqa: S311 - no secret
    parser.add_argument("--cases", type=int, default=100, help="per operation, 100 if not given")
    parser.add_argument("--seconds", type=int, help="go on for so long as each attacker")
    options = parser.parse_args()
    # Asked to stop, the services must stop, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    _print(f"To repeat this: make fuzz SEED={options.seed} CASES={options.cases}")
    status = 0
    with TemporaryDirectory(prefix="finguard-fuzz-") as name:
        folder = Path(name)
        with running_stack(folder / "stack") as stack:
            template = make_template(stack)
            for attacker in ATTACKERS:
                _print("", f"== as {attacker.role}")
                with target(stack, clone_database(stack, template)) as url:
                    made = attack(
                        url,
                        attacker,
                        folder,
                        seed=options.seed,
                        cases=options.cases,
                        seconds=options.seconds,
                    )
                _print(made.output)
                status = status or made.status
    return status


def _print(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
