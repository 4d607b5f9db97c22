"""FinGuard: real-time fraud detection that stays right whatever dies."""

__version__ = "0.1.0"
