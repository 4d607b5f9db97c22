"""How hypothesis runs here."""

from hypothesis import settings

# The machine is shared: how long one example takes says nothing of the code.
settings.register_profile("finguard", deadline=None)
settings.load_profile("finguard")
