"""Lodestar: answers over a folder of Markdown, each with the passage that proves it."""

__version__ = "0.1.0"
