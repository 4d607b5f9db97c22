"""The simulator without Kafka: its world, its poison, its replay and its command line."""
