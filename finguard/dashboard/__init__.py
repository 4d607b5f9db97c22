"""The dashboard: pages that show what the API answers, and talk to nothing else."""
