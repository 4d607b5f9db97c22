"""Measurements: each prints its figures with the machine, the versions and the date."""
