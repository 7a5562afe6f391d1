"""When what was found may hold the answer. The weights and the point are fitted on questions, not held fast here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import log

import pytest

from rag.config import Settings
from rag.index.generation import Abstention
from rag.index.open import OpenIndex
from rag.retrieval.abstain import CHOSEN, MODEL, Signals, confidence, leaning, names, refuses, signals, threshold
from rag.retrieval.conversation import Talk
from rag.retrieval.hybrid import retrieve
from rag.schema import Retrieved
from tests.doubles.embedder import LetterEmbedder

Open = Callable[[Mapping[str, str]], OpenIndex]

TEXTS = {
    "animals/ant.md": "# Ant\n\nAn ant of Zurich carries leaves.",
    "animals/bee.md": "# Bee\n\nA bee of Quito makes honey in 2019.",
    "plants/fern.md": "# Fern\n\nA fern wants shade.",
}


def judged(index: OpenIndex, embedder: LetterEmbedder, question: str, k: int = 1) -> Signals:
    found = signals(question, retrieve(question, index, embedder, k), index, embedder)
    assert found is not None
    return found


def test_the_score_is_that_of_the_best_chunk(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index(TEXTS)
    found = retrieve("Does a bee make honey?", index, embedder, 3)
    assert judged(index, embedder, "Does a bee make honey?", 3).score == found[0].score > found[1].score


@pytest.mark.parametrize(
    ("question", "k", "met"),
    [
        ("does the fern want shade", 1, 1.0),  # f, w and s all open a word of the one chunk
        ("does the umber violet xylem", 1, 0.0),  # none of u, v, x does: every word piece is one letter
        ("fern umber", 1, log(2.5) / (log(2.5) + log(4))),  # one of two: in one of three rows, and in none
        ("leaves umber honey", 3, 2 * log(2.5) / (2 * log(2.5) + log(4))),  # two of three, in two chunks
    ],
)
def test_words_are_met_anywhere_in_what_was_found(
    open_index: Open, embedder: LetterEmbedder, question: str, k: int, met: float
) -> None:
    assert judged(open_index(TEXTS), embedder, question, k).met == pytest.approx(met, abs=0.01)


@pytest.mark.parametrize(
    ("question", "together"),
    [
        ("does a bee make honey", 1.0),  # no name
        ("does the bee of Quito make honey", 1.0),
        ("did the bee of Quito make honey in 2019", 1.0),
        ("did the ant of Zurich carry leaves in 2019", 0.5),  # either is in one chunk, both in none
        ("does the bee of Timbuktu make honey", 1.0),  # a name that no document holds shows in `met`
    ],
)
def test_names_must_stand_in_one_chunk(
    open_index: Open, embedder: LetterEmbedder, question: str, together: float
) -> None:
    assert judged(open_index(TEXTS), embedder, question, 3).together == together


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What does Otter TF-C-0142 cost?", ["Otter", "TF-C-0142"]),
        ("Otter costs what? Who says?", []),  # capitals that open a sentence
        ("since I joined and I've left, is 2019 past", ["2019"]),
        ("What Does The Otter Cost", []),
        ("WHAT DOES L2 COST", ["L2"]),
    ],
)
def test_names_codes_and_numbers(question: str, expected: list[str]) -> None:
    assert names(question) == expected


def test_more_of_any_signal_is_more_confidence() -> None:
    low = Signals(0.4, 0.5, 0.5, 0.3, 0.4)
    assert 0 < confidence(low) < 1
    for signal in Signals._fields:
        assert confidence(low._replace(**{signal: 0.9})) > confidence(low), signal


def test_words_that_the_index_does_not_know_make_a_question_less_familiar(
    open_index: Open, embedder: LetterEmbedder
) -> None:
    index = open_index(TEXTS)
    found = judged(index, embedder, "the honey umber")
    assert found.familiar == pytest.approx(max(0.0, found.score - 0.15))  # 0.3 for every word strange; one of two is
    assert judged(index, embedder, "the honey bee").familiar == judged(index, embedder, "the honey bee").score


def test_near_is_the_cosine_of_the_nearest_that_was_found(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index(TEXTS)
    (asked,) = embedder.embed(["Does a bee make honey?"])
    found = retrieve("Does a bee make honey?", index, embedder, 3)
    cosines = index.vectors[index.chunks.rows([item.chunk for item in found])] @ asked
    assert judged(index, embedder, "Does a bee make honey?", 3).near == pytest.approx(float(cosines.max()))
    assert cosines.max() > cosines.min()


def test_nothing_to_judge_is_no_confidence(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index(TEXTS)
    found = retrieve("bee", index, embedder, 1)
    assert signals("bee", [], index, embedder) is None
    assert signals("?", found, index, embedder) is None
    assert confidence(None) == 0


def test_the_threshold_is_what_the_manifest_says_for_this_model(open_index: Open) -> None:
    manifest = open_index(TEXTS).manifest
    assert manifest.abstention is None
    assert threshold(manifest) == CHOSEN.below
    assert threshold(replace(manifest, abstention=Abstention(MODEL, 0.77))) == 0.77
    assert threshold(replace(manifest, abstention=Abstention("another", 0.77))) == CHOSEN.below


def test_the_setting_comes_before_the_manifest(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index(TEXTS)
    sure, lost = "does the fern want shade", "does the umber violet xylem"
    found: list[Retrieved] = retrieve(sure, index, embedder, 1)
    assert refuses(lost, found, index, embedder, Settings())
    assert not refuses(lost, found, index, embedder, Settings(abstain_below=0))
    assert not refuses(sure, found, index, embedder, Settings())
    assert refuses(sure, found, index, embedder, Settings(abstain_below=1))
    index.manifest = replace(index.manifest, abstention=Abstention(MODEL, 1.0))
    assert refuses(sure, found, index, embedder, Settings())


def test_a_question_is_judged_by_its_own_words_and_more_mildly_the_likelier_it_leans_on_the_talk(
    open_index: Open, embedder: LetterEmbedder
) -> None:
    found = retrieve("does the fern want shade", open_index(TEXTS), embedder, 3)
    told = signals("umber", found, open_index(TEXTS), embedder)
    assert confidence(told) < confidence(told, 0.5) < confidence(told, 1.0)
    said = [("does the fern want shade", 0.25)]
    assert leaning(None) == leaning(Talk([], 99.0)) == 0
    assert leaning(Talk(said, log(3))) == pytest.approx(0.75)


def test_nothing_found_within_a_talk_is_nothing_to_judge(open_index: Open, embedder: LetterEmbedder) -> None:
    assert refuses("bee", [], open_index(TEXTS), embedder, Settings(), Talk([("ant", 0.25)], 99.0))
