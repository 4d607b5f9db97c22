"""Kafka: connections and topics, the publisher, the consumer-group source, the dead letters."""
