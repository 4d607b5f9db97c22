"""What the dashboard costs those who look, and the API behind it."""
