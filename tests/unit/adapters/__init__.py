"""Adapters that need no service."""
