"""The HTTP API: what analysts' tools and the dashboard see of FinGuard."""
