"""The real commands as processes, against real services."""
