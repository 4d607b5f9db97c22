"""Work with dead letters, on ports in memory."""
