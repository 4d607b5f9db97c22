"""Tests of the stack's pure parts."""
