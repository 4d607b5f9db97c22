"""Tests of the stack's services and programs, which really run."""
