"""Words and BM25: names, codes and numbers are found as they are written and as they are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.index.lexical import Lexical, build_lexical, query_words, words

TEXTS = [
    "The Kestrel L2 gauge costs £1,460.",
    "Otters swim past the gauge.",
    "Case TF-C-0142 was closed on 4 March.",
    "— … !!!",
]


@pytest.fixture
def lexical(tmp_path: Path) -> Lexical:
    build_lexical(tmp_path / "lexical", TEXTS)
    return Lexical(tmp_path / "lexical")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The River", ["the", "river"]),
        ("gauges policies status glass this", ["gauge", "policy", "status", "glass", "this"]),
        ("gas is us", ["gas", "is", "us"]),
        ("TF-C-0142", ["tf-c-0142", "tf", "c", "0142"]),
        ("4.7.2", ["4.7.2", "4", "7", "2"]),
        ("£1,460", ["1460", "1", "460"]),
        ("Pryce's Pryce\u2019s", ["pryce", "pryce"]),
        ("snake_case", ["snake", "case"]),
        ("naïve Straße 日本語", ["naïve", "straße", "日本語"]),
        ("!? — _", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_numbers_are_one_word_with_and_without_their_comma() -> None:
    assert "1460" in words("1,460")
    assert "1460" in words("1460")


def test_a_question_loses_its_grammar_and_repetitions() -> None:
    assert query_words("What is the price of the Kestrel, and the price of Otters?") == ["price", "kestrel", "otter"]


def test_a_question_of_grammar_alone_keeps_it() -> None:
    assert query_words("Who are you?") == ["who", "are", "you"]


@pytest.mark.parametrize(
    ("question", "row"),
    [
        ("How much is a kestrel?", 0),
        ("1460", 0),
        ("What costs 1,460?", 0),
        ("otter", 1),
        ("tf-c-0142", 2),
        ("case 0142", 2),
    ],
)
def test_the_text_that_holds_the_words_comes_first(lexical: Lexical, question: str, row: int) -> None:
    assert lexical.scores(question).argmax() == row


def test_there_is_one_score_for_each_text_and_none_without_a_shared_word(lexical: Lexical) -> None:
    assert lexical.scores("kestrel").shape == (len(TEXTS),)
    assert [score > 0 for score in lexical.scores("gauge")] == [True, True, False, False]
    assert not lexical.scores("zebra").any()
    assert not lexical.scores("").any()


def test_rare_words_tell_more(lexical: Lexical) -> None:
    assert lexical.rarity("zebra") > lexical.rarity("kestrel") > lexical.rarity("gauge") > 0


def test_a_text_without_words_is_a_row_too(tmp_path: Path) -> None:
    build_lexical(tmp_path / "lexical", ["!!!"])
    assert Lexical(tmp_path / "lexical").scores("anything").tolist() == [0.0]


def test_a_word_that_tells_more_counts_for_more(lexical: Lexical) -> None:
    plain, told = lexical.scores("case gauge"), lexical.scores("case gauge", {"gauge": 4.0})
    assert told[1] > plain[1]  # holds the gauge
    assert told[2] < plain[2]  # holds the case
    assert (told <= 1).all()
    assert (lexical.scores("case gauge", {"case": 1.0, "otter": 9.0}) == plain).all()


def test_what_a_word_is_held_by(lexical: Lexical) -> None:
    rows, scores = lexical.held("gauge")
    assert rows.tolist() == [0, 1]
    assert (scores > 0).all()
    assert not len(lexical.held("zebra")[0])
