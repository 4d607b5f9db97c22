"""Kafka, Redis and PostgreSQL behind the ports that the programs declare."""
