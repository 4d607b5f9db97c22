"""A seeded world of cardholders and fraudsters, and the replay of real files, to publish."""
