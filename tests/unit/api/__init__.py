"""The API's parts that need no service."""
