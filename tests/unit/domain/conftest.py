"""How hypothesis runs here."""

from hypothesis import HealthCheck, settings

# Machines are shared: how long an example takes, to make or to run, says nothing of the code.
settings.register_profile("finguard", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("finguard")
