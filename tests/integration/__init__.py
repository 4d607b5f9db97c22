"""Adapters and the API against real services."""
