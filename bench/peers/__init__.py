"""Other ways to detect the same frauds, each as small as its own users would write it."""
