"""The whole suite runs under a guard: a connection to another machine fails, and with it the test."""
