"""Question -> [Retrieved], best first.

Enters: a query, an opened index, an embedder and a filter. Leaves: chunks with scores in [0, 1]. This room knows nothing of
language models, prompts or pages.
"""
