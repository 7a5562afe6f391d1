"""The map of an index."""
