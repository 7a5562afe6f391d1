"""What is promised, put to the test: one file for each promise of the README's table.

CI runs a part of each that fits into ten minutes. `make soak` (SOAK=1) runs all of it; `rounds` tells the two apart.
"""
