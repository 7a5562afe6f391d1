"""What is measured, and against what. Run from the repository's root: `python -m benchmarks.retrieval`."""
