"""Our BM25 against bm25s, a well-kept library that holds all of an index in memory while it builds it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bm25s import BM25

from rag.documents.load import Documents
from rag.index.lexical import Lexical, build_lexical, query_words, words
from tests.integration.conftest import ROOT


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """The paragraphs of the shipped documents that hold a word: bm25s takes no others."""
    documents = list(Documents(ROOT / "knowledge-base"))[::6]
    return [part for document in documents for part in document.text.split("\n\n") if words(part)]


def test_scores_are_those_of_bm25s(texts: list[str], tmp_path: Path) -> None:
    build_lexical(tmp_path / "lexical", texts)
    ours = Lexical(tmp_path / "lexical")
    theirs = BM25(k1=1.2, b=0.75, dtype="float32")
    theirs.index([words(text) for text in texts], show_progress=False)
    asked = [
        "When does the Port of Invergair agreement end?",
        "What does a gauge cost, and who signs change order TF-C-0142?",
        *sorted({word for text in texts for word in words(text)})[::40],
    ]
    for question in asked:
        wanted = query_words(question)
        expected = theirs.get_scores([word for word in wanted if word in theirs.vocab_dict])
        share = np.float32(sum(ours.rarity(word) for word in wanted))
        assert np.allclose(ours.scores(question), np.clip(expected / share, 0, 1), atol=1e-5), question
