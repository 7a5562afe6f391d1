"""Questions with proofs, the recipe to measure against, and what is measured by hand. Run from the repository's root."""
