"""Vectors and BM25 propose, late interaction decides. The same order from every store: it proposes, it does not score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag.index.embed import Embedder
from rag.index.open import OpenIndex
from rag.schema import Retrieved

CANDIDATES = 50
"""How many chunks the vector store proposes, and how many BM25; both together are reranked."""

PIECES, WORDS = 0.75, 0.25
"""Shares of late interaction and of BM25 in the score, measured on the development questions."""


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

    The score is a fixed mix: how well the query's word pieces are met in the chunk (rare ones count more), and BM25 as a
    share of the most it could be. It depends neither on the filter nor on k nor on the store.
    """
    scope = index.scope(doc_type, sources)
    if not query.strip() or (scope is not None and not len(scope.rows)):
        return []
    vectors, (pieces,) = embedder.embed_pieces([query])
    words = index.lexical.scores(query)
    allowed = np.arange(len(index.chunks)) if scope is None else scope.rows
    near = np.array([row for row, _ in index.store.search(vectors[0], CANDIDATES, scope)], dtype=np.int64)
    matching = allowed[np.argsort(-words[allowed], kind="stable")[:CANDIDATES]]
    rows = np.union1d(near, matching)
    weights = np.array([index.tokens.rarity(piece) for piece in pieces.ids], np.float32)
    met = index.tokens.scores(pieces.vectors, weights, rows)
    scores = PIECES * met + WORDS * words[rows]
    # Ties break by row, so by source and place: the same answer every time.
    order = np.lexsort((rows, -np.round(scores, 6)))[:k]
    return [Retrieved(index.chunks[rows[i]], round(float(scores[i]), 6)) for i in order]
