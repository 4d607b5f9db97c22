"""What people do with dead letters, the same from the command line and through the API."""
