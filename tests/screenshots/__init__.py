"""The pictures of the documentation, made by driving the real dashboard."""
