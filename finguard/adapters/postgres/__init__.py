"""PostgreSQL: connections, migrations, what the detector writes and what the API reads."""
