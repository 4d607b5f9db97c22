"""The benchmarks: what they compare with, and what they report."""
