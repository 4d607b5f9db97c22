"""The API under load, with millions of alerts: each operation's latency, and the live stream's."""
