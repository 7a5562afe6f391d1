"""Text in: files become documents, documents become chunks.

Enters: a folder. Leaves: `Document`, `Skipped` and `Chunk` values with exact offsets. This room knows nothing of vectors,
stores or language models; how long a text is in word pieces, it is told by a function.
"""
