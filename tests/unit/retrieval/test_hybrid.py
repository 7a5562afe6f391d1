"""Retrieval over an index whose vectors can be checked by hand. What is measured and tuned is not held fast here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from rag.config import Settings
from rag.index.open import OpenIndex
from rag.retrieval.conversation import Talk
from rag.retrieval.hybrid import retrieve, spelled
from rag.schema import Retrieved
from tests.doubles.embedder import LetterEmbedder

Open = Callable[[Mapping[str, str]], OpenIndex]

ANIMALS = {
    "animals/ant.md": "# Ant\n\nAn ant carries leaves.",
    "animals/bee.md": "# Bee\n\nA bee makes honey.",
    "plants/fern.md": "# Fern\n\nA fern wants shade.",
    "plants/honeysuckle.md": "# Honeysuckle\n\nBees like its honey.",
}


def sources(found: list[Retrieved]) -> list[str]:
    return [item.chunk.source for item in found]


@pytest.mark.parametrize(
    ("question", "source"),
    [("Which ant carries leaves?", "animals/ant.md"), ("fern shade", "plants/fern.md"), ("a bee", "animals/bee.md")],
)
def test_the_chunk_that_holds_the_words_comes_first(
    open_index: Open, embedder: LetterEmbedder, question: str, source: str
) -> None:
    assert sources(retrieve(question, open_index(ANIMALS), embedder, 4))[0] == source


def test_scores_lie_between_0_and_1_and_fall(open_index: Open, embedder: LetterEmbedder) -> None:
    for question in ("honey bee", "zebra", "ant", "?", "the of and", "1460 日本語"):
        scores = [item.score for item in retrieve(question, open_index(ANIMALS), embedder, 10)]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)


def test_k_cuts_and_never_pads(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index(ANIMALS)
    every = retrieve("honey", index, embedder, 100)
    assert len(every) == 4
    assert retrieve("honey", index, embedder, 2) == every[:2]


def test_no_chunk_comes_twice(open_index: Open, embedder: LetterEmbedder) -> None:
    found = sources(retrieve("honey bee ant fern", open_index(ANIMALS), embedder, 10))
    assert sorted(found) == sorted(ANIMALS)


def test_the_filter_applies_before_the_cut(open_index: Open, embedder: LetterEmbedder) -> None:
    """More chunks of one type fit the question better than there are candidates; the other type is still found."""
    texts = {f"animals/bee{n:03}.md": f"# Bee\n\nHoney bee {n}." for n in range(3 * Settings().candidates)}
    index = open_index({**texts, "plants/fern.md": "# Fern\n\nShade."})
    assert "plants/fern.md" not in sources(retrieve("honey bee", index, embedder, 10))
    assert sources(retrieve("honey bee", index, embedder, 10, doc_type="plants")) == ["plants/fern.md"]
    assert sources(retrieve("honey bee", index, embedder, 10, sources=["plants/fern.md"])) == ["plants/fern.md"]


def test_a_filter_keeps_order_and_scores(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index(ANIMALS)
    every = retrieve("honey bee", index, embedder, 10)
    assert retrieve("honey bee", index, embedder, 10, doc_type="plants") == [
        item for item in every if item.chunk.doc_type == "plants"
    ]


@pytest.mark.parametrize("filters", [{"doc_type": "minerals"}, {"sources": ["no.md"]}])
def test_a_filter_that_leaves_nothing_finds_nothing(
    open_index: Open, embedder: LetterEmbedder, filters: dict[str, object]
) -> None:
    index = open_index(ANIMALS)
    asked = len(embedder.embedded)
    assert retrieve("honey", index, embedder, 10, **filters) == []  # type: ignore[arg-type]
    assert len(embedder.embedded) == asked


@pytest.mark.parametrize("question", ["", " ", "\n"])
def test_no_question_finds_nothing(open_index: Open, embedder: LetterEmbedder, question: str) -> None:
    assert retrieve(question, open_index(ANIMALS), embedder, 10) == []


@pytest.mark.parametrize("question", ["?", "—", "🙂", "the", "x" * 5000, "honey " * 2000, "\u200b", "\x00"])
def test_any_question_is_answered(open_index: Open, embedder: LetterEmbedder, question: str) -> None:
    retrieve(question, open_index(ANIMALS), embedder, 10)


def test_twins_come_in_the_order_of_their_sources(open_index: Open, embedder: LetterEmbedder) -> None:
    texts = {f"a/{n}.md": "# Same\n\nThe same text." for n in range(20)}
    assert sources(retrieve("same text", open_index(texts), embedder, 20)) == list(texts)


def test_what_is_found_is_the_chunk_itself(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index(ANIMALS)
    for item in retrieve("honey", index, embedder, 10):
        assert item.chunk in index.chunks
        assert item.chunk.body == ANIMALS[item.chunk.source][item.chunk.start : item.chunk.end]


def settings(**changes: object) -> Settings:
    return Settings.model_validate(changes)


def scores(index: OpenIndex, embedder: LetterEmbedder, question: str, **changes: object) -> dict[str, float]:
    found = retrieve(question, index, embedder, 10, settings=settings(**changes))
    return {item.chunk.source: item.score for item in found}


def test_words_alone_are_bm25(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index(ANIMALS)
    alone = scores(index, embedder, "honey", words_share=1, neighbours_share=0, sentence_share=0)
    for row, share in enumerate(index.lexical.scores("honey")):
        assert alone[index.chunks[row].source] == pytest.approx(float(share), abs=1e-6)


def test_without_rerank_the_chunks_one_vector_counts(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index(ANIMALS)
    alone = scores(index, embedder, "honey bee", words_share=0, neighbours_share=0, rerank=False)
    (asked,) = embedder.embed(["honey bee"])
    for row, vector in enumerate(index.vectors.mapped):
        assert alone[index.chunks[row].source] == pytest.approx(float(vector @ asked), abs=1e-6)


def test_rerank_meets_piece_by_piece(open_index: Open, embedder: LetterEmbedder) -> None:
    """ "Ant" and "bee" are each met in a chunk however many other letters open its words; the one vector is blurred."""
    index = open_index({"a/x.md": "# Ant bee\n\n" + "Zebra yak. " * 9, "a/y.md": "# Cow\n\nDeer."})
    met = scores(index, embedder, "ant bee", words_share=0, neighbours_share=0, spelling=False)
    blurred = scores(index, embedder, "ant bee", words_share=0, neighbours_share=0, spelling=False, rerank=False)
    assert met["a/x.md"] == pytest.approx(1, abs=0.02)
    assert blurred["a/x.md"] < 0.2


def test_neighbours_vouch_for_a_chunk(open_index: Open, embedder: LetterEmbedder) -> None:
    """Of two equal chunks the one beside a chunk that fits the question comes first."""
    filler = "word " * 40
    near = f"# One\n\n## Honey\n\nHoney {filler}\n\n## Rest\n\nYak {filler}"
    far = f"# One\n\n## Zebra\n\nZebra {filler}\n\n## Rest\n\nYak {filler}"
    index = open_index({"a/far.md": far, "a/near.md": near})

    def rest(share: float) -> tuple[float, float]:
        found = retrieve("honey yak", index, embedder, 10, settings=settings(neighbours_share=share))
        of = {item.chunk.source: item.score for item in found if item.chunk.heading.endswith("Rest")}
        return of["a/near.md"], of["a/far.md"]

    assert rest(0)[0] == rest(0)[1]
    assert rest(0.1)[0] > rest(0.1)[1]


def test_a_misspelled_question_is_searched_as_it_was_meant(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index(ANIMALS)
    assert spelled("Where is the hoeny?", index, embedder) == "Where is the honey?"
    assert scores(index, embedder, "hoeny") == scores(index, embedder, "honey")
    assert scores(index, embedder, "hoeny", spelling=False) != scores(index, embedder, "honey")


SAID = [("honey bee", 0.5)]


def test_a_question_within_a_talk_counts_both_ways_as_likely_as_it_was_meant_so(
    open_index: Open, embedder: LetterEmbedder
) -> None:
    index = open_index(ANIMALS)

    def scored(odds: float) -> dict[str, float]:
        found = retrieve("shade", index, embedder, 10, talk=Talk(SAID, odds))
        return {item.chunk.source: item.score for item in found}

    alone, within = scored(-1e2), scored(1e2)
    assert alone == pytest.approx(scores(index, embedder, "shade"), abs=1e-5)
    assert within["animals/bee.md"] > alone["animals/bee.md"] + 0.1
    meant = Talk(SAID, 0.0).meant(max(alone.values()), max(within.values()))
    assert 0 < meant < 1
    for source, score in scored(0.0).items():
        assert score == pytest.approx(meant * within[source] + (1 - meant) * alone[source], abs=1e-4)


def test_what_only_the_talk_proposes_is_found_too(open_index: Open, embedder: LetterEmbedder) -> None:
    few = settings(candidates=1, neighbours_share=0)
    found = retrieve("shade", open_index(ANIMALS), embedder, 10, talk=Talk(SAID, 3.0), settings=few)
    assert {"plants/fern.md", "animals/bee.md"} <= set(sources(found))


def test_a_talk_in_which_nothing_was_said_changes_nothing(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index(ANIMALS)
    assert retrieve("shade", index, embedder, 10, talk=Talk([], 9.0)) == retrieve("shade", index, embedder, 10)


def test_the_filter_holds_within_a_talk(open_index: Open, embedder: LetterEmbedder) -> None:
    found = retrieve("shade", open_index(ANIMALS), embedder, 10, doc_type="plants", talk=Talk(SAID, 3.0))
    assert {source.split("/")[0] for source in sources(found)} == {"plants"}
