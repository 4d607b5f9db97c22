"""Charts: pure functions from answers to data frames, and from data frames to figures."""
