"""Tests of the domain, which touch nothing but memory."""
