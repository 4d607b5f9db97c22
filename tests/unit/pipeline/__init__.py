"""The detection loop on ports in memory."""
