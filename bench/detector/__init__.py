"""The detector and its peers side by side: throughput, latency, memory, bytes of Redis a user."""
