"""``casework``, the operators' command line: it uses the public API and nothing else."""
