"""Attacks on the API with what its own description allows and forbids."""
