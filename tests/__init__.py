"""FinGuard's tests."""
