"""The API's description as text: `python -m finguard.api.openapi` writes it to its output."""

import json
import sys

from finguard.api.app import create_app
from finguard.settings import Settings


def description() -> str:
    """JSON of one form, so that a change of the API is a readable change of lines."""
    # The defaults, whatever the environment says: nothing is connected to.
    app = create_app(Settings.model_construct())
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(description())
