"""Tests of the dashboard without a browser and without the API."""
