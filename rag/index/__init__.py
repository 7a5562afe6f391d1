"""What lies on disk: chunks become vectors, stores and a published generation, and are opened again to be asked.

Enters: chunks. Leaves: an `OpenIndex` that a search can read. Distances, file formats and locks stay in this room; it knows
nothing of questions, conversations or pages.
"""
