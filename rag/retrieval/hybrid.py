"""Vectors and BM25, fused. The same order from every store: candidates come from it, their scores from the truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag.index.embed import Embedder
from rag.index.open import OpenIndex
from rag.schema import Retrieved

CANDIDATES = 100
"""How many chunks the vector store proposes. All that share a word with the question are candidates too."""

MEANING, WORDS = 0.5, 0.5
"""Shares of the cosine and of BM25 in the score."""


def retrieve(
    query: str,
    index: OpenIndex,
    embedder: Embedder,
    k: int,
    *,
    doc_type: str | None = None,
    sources: Sequence[str] = (),
) -> list[Retrieved]:
    """The `k` chunks that fit `query` best within the filter; an empty list where the filter leaves nothing.

    The score is a fixed mix of the cosine and of BM25 held against the best any chunk of the index reaches for this
    query, so it does not depend on the filter or on k.
    """
    scope = index.scope(doc_type, sources)
    if not query.strip() or (scope is not None and not len(scope.rows)):
        return []
    vector = embedder.embed([query])[0]
    words = index.lexical.scores(query)
    allowed = np.arange(len(index.chunks)) if scope is None else scope.rows
    near = np.array([row for row, _ in index.store.search(vector, CANDIDATES, scope)], dtype=np.int64)
    matching = allowed[np.argsort(-words[allowed], kind="stable")[:CANDIDATES]]
    rows = np.union1d(near, matching)
    cosines = np.clip(index.vectors[rows] @ vector, 0.0, 1.0)
    best = float(words.max(initial=0.0))
    scores = MEANING * cosines + (WORDS * words[rows] / best if best else 0.0)
    # Ties break by row, so by source and place: the same answer every time.
    order = np.lexsort((rows, -np.round(scores, 6)))[:k]
    return [Retrieved(index.chunks[rows[i]], round(float(scores[i]), 6)) for i in order]
