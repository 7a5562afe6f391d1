"""What was learned for the shipped model: where it lies, what it says, and that it was learned under the scores it is used in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.config import Settings
from rag.evaluation.questions import Question, Reference
from rag.index.embed import Embedder, open_embedder
from rag.index.open import IndexReader
from rag.retrieval.conversation import encoded
from rag.retrieval.hybrid import Score, by_vectors, by_words, together
from rag.retrieval.telling import _learned, telling

QUESTION = "I am about to sign for the new vans: which dealer are they from?"


def test_what_the_question_is_about_tells_more_than_how_it_is_put(minilm: Embedder) -> None:
    words = telling(QUESTION, encoded(QUESTION, minilm)[1], minilm).words
    assert words["van"] > 1.5 * words["sign"] > 1.5 * words["about"]
    assert words["dealer"] > words["am"]


def test_there_is_one_for_the_shipped_model_however_it_is_run(minilm: Embedder) -> None:
    learned = _learned(minilm.identity)
    assert learned is not None
    assert learned.shape == (minilm.dim,)
    assert np.isfinite(learned).all()
    assert 1 < np.linalg.norm(learned) < 10
    other = open_embedder(Settings(embedder="sentence-transformers"))
    assert _learned(other.identity) is learned


def test_it_is_learned_under_the_scores_that_the_search_gives(minilm: Embedder, small_index: Path) -> None:
    from benchmarks import telling as learning  # imports torch

    settings, index = Settings(), IndexReader(small_index, minilm).current()
    at = Reference(index.chunks[0].source, index.chunks[0].start, index.chunks[0].end)
    question = Question("q", f"Where do I read about {index.chunks[0].title}, please?", references=(at,))
    case = learning._case(question, index, minilm, settings)
    assert case is not None
    score = Score(question.question, index, minilm, settings)
    rows = together(by_vectors(index, score, None, settings), by_words(score, None, settings))
    learned = _learned(minilm.identity)
    assert learned is not None
    assert learning._scores(case, learning.torch.from_numpy(learned)).numpy() == pytest.approx(score(rows), abs=1e-4)
    untold = Score(question.question, index, minilm, settings.model_copy(update={"telling": False}))
    assert learning._scores(case, learning.torch.zeros(minilm.dim)).numpy() == pytest.approx(untold(rows), abs=1e-4)
    assert score(rows) != pytest.approx(untold(rows), abs=1e-3)
