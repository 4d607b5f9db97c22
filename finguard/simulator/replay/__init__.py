"""Real files as messages: rows from CSV, JSON lines or Parquet, mapped to the event."""
