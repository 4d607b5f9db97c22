"""FinGuard's commands for operators: `python -m finguard COMMAND …`."""

from finguard.commands import main
from finguard.program import run_to_exit

if __name__ == "__main__":
    run_to_exit(main)
