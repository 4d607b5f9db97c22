"""The API over HTTP, in front of a real PostgreSQL."""
