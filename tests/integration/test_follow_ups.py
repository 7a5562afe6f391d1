"""Follow-ups through search, quoting and refusing with the real model: what was said before decides what is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.answering.leaning import talk
from rag.config import Settings
from rag.index.embed import Embedder
from rag.index.open import IndexReader
from rag.retrieval.abstain import refuses
from rag.retrieval.hybrid import retrieve
from rag.schema import Turn

INVERGAIR = [Turn("What is the Port of Invergair agreement?", "It covers twelve Otter probes in the harbour.")]
LEAVE = [Turn("How long is parental leave?", "Parental leave lasts twenty-six weeks.")]


def first(question: str, history: list[Turn], folder: Path, embedder: Embedder) -> str:
    index = IndexReader(folder, embedder).current()
    return retrieve(question, index, embedder, 3, talk=talk(question, history))[0].chunk.source


@pytest.mark.parametrize(
    ("question", "history", "source"),
    [
        ("And when does it end?", INVERGAIR, "contracts/invergair.md"),
        ("And who is the account owner?", INVERGAIR, "contracts/invergair.md"),
        ("And Stranraer?", INVERGAIR, "contracts/stranraer.md"),
        ("How much of it is paid in full?", LEAVE, "policies/parental-leave.md"),
        # What names its own subject is not drawn back to what was talked about.
        ("How long is parental leave?", INVERGAIR, "policies/parental-leave.md"),
        ("When does the Lowther Estates agreement end?", INVERGAIR, "contracts/lowther.md"),
        ("How many weeks of parental leave are paid in full?", INVERGAIR, "policies/parental-leave.md"),
    ],
)
def test_what_is_meant_comes_first(
    question: str, history: list[Turn], source: str, small_index: Path, minilm: Embedder
) -> None:
    assert first(question, history, small_index, minilm) == source


def test_a_follow_up_that_leans_on_what_is_known_is_not_refused(small_index: Path, minilm: Embedder) -> None:
    index, question = IndexReader(small_index, minilm).current(), "And for how long?"
    assert refuses(question, retrieve(question, index, minilm, 3), index, minilm, Settings())
    within = talk(question, LEAVE)
    found = retrieve(question, index, minilm, 3, talk=within)
    assert not refuses(question, found, index, minilm, Settings(), within)


def test_what_the_documents_know_nothing_of_is_refused_in_any_talk(small_index: Path, minilm: Embedder) -> None:
    index, question = IndexReader(small_index, minilm).current(), "Which volcano erupted near Naples in Roman times?"
    within = talk(question, LEAVE)
    assert refuses(question, retrieve(question, index, minilm, 3, talk=within), index, minilm, Settings(), within)


@pytest.mark.parametrize("question", ["asdf qwer", "blah blah", "What is the recipe for ratatouille?"])
def test_what_means_nothing_here_is_refused_in_a_talk_as_it_is_alone(
    question: str, small_index: Path, minilm: Embedder
) -> None:
    index, within = IndexReader(small_index, minilm).current(), talk(question, LEAVE)
    assert refuses(question, retrieve(question, index, minilm, 3), index, minilm, Settings())
    assert refuses(question, retrieve(question, index, minilm, 3, talk=within), index, minilm, Settings(), within)


def test_the_fit_is_that_of_the_signs_that_are_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--fit` on what is told by the words alone gives the weights that are shipped."""
    from benchmarks import follow_ups
    from rag.answering import leaning

    sets = {
        path.parent.name: follow_ups.conversations(path)
        for path in sorted(follow_ups.TRAINING.glob("*/conversations.jsonl"))
    }
    follow_ups._fit_words(sets)
    said = capsys.readouterr().out
    assert f"BIAS = {leaning.BIAS:.2f}" in said
    assert f"WEIGHTS = ({', '.join(f'{weight:.2f}' for weight in leaning.WEIGHTS)})" in said
