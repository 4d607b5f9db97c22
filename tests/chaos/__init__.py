"""Every fault of docs/faults.md, provoked on real processes and held against the oracle."""
