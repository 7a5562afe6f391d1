"""What tells that a question leans on the talk, and what of that talk is read with it. Weights are fitted, not held fast here."""

from __future__ import annotations

import pytest

from rag.answering.leaning import odds, said, signs, talk
from rag.answering.prompts import REFUSAL
from rag.schema import Turn

PORT = Turn("What is contract TF-C-0167 about?", "Twelve probes in the harbour [1].")
OWNER = Turn("Who owns it?", "**Maeve Kilbride** owns it [1].")
SURELY_ALONE = "Which wholesaler in Bergen delivers gaskets for the Otter probe on Saturdays?"


@pytest.mark.parametrize(
    ("question", "words", "told"),
    [
        ("And when does it end?", 1, {"points", "opens"}),
        ("What about Calder Bridge?", 2, {"named", "opens"}),
        ("When did she join?", 1, {"person"}),
        ("Does Maeve still keep her gauge there?", 3, {"named"}),  # whom and what is meant was named before
        ("When she left, who took over TF-C-0171?", 4, {"named", "person"}),
        ("How long is parental leave?", 2, set()),
        ("ok so where's the big one then", 1, {"points", "opens"}),
        ("red blue green grey black white brown amber pink cyan", 8, set()),  # eight at most
    ],
)
def test_signs(question: str, words: int, told: set[str]) -> None:
    found = signs(question)
    assert found.words == words
    assert {name for name in ("named", "person", "points", "opens") if getattr(found, name)} == told


def test_a_pointing_word_makes_it_likelier_and_each_word_that_says_what_it_is_about_less_likely() -> None:
    assert odds("What does it cost?") > odds("What does cost?")
    assert odds("What does the gauge cost?") > odds("What does the radar gauge cost?") > odds(SURELY_ALONE)
    assert odds("What does the radar gauge cost?") > odds("What does the radar Gauge cost?")


def test_a_question_that_surely_stands_alone_is_read_by_itself() -> None:
    assert talk(SURELY_ALONE, [PORT]) is None


def test_the_first_question_is_read_by_itself() -> None:
    assert talk("And when does it end?", []) is None


def test_a_follow_up_is_read_within_the_talk() -> None:
    within = talk("And when does it end?", [PORT, OWNER])
    assert within is not None
    assert within.odds == odds("And when does it end?")
    assert within.said == said([PORT, OWNER])


def test_the_last_turn_counts_more_than_those_before_it_and_marks_are_not_read() -> None:
    texts, shares = zip(*said([PORT, OWNER]), strict=True)
    assert texts == (PORT.question, "Twelve probes in the harbour.", OWNER.question, "Maeve Kilbride owns it.")
    assert shares[2] == shares[3] > shares[0] == shares[1] > 0


def test_asked_of_another_subject_the_names_before_are_not_meant() -> None:
    turn = Turn("What does the Port of Invergair pay for TF-C-0167?", "The Port of Invergair pays £4.")
    within = talk("And Stranraer?", [turn])
    assert within is not None
    assert [text for text, _ in within.said] == ["What does the", "pay for", "?", "The", "pays £4."]
    assert {share for _, share in within.said} == {share for _, share in said([turn])}
    pointing = talk("Does it hold for Stranraer?", [turn])
    assert pointing is not None
    assert pointing.said == said([turn])


def test_however_long_a_text_it_counts_as_no_more_than_a_few_words_would() -> None:
    long = "A contract of " + "many words " * 10 + "indeed."
    (_, of_question), (text, share) = said([Turn("What is it?", long)])
    assert text == long
    assert share * len(long.split()) == pytest.approx(10 * of_question)


def test_of_a_long_answer_its_beginning_is_read_up_to_a_whole_word() -> None:
    _, (text, _) = said([Turn("What is it?", "wonderful " * 100)])
    assert 350 < len(text) <= 400
    assert set(text.split()) == {"wonderful"}


@pytest.mark.parametrize("answer", [REFUSAL, "I don't know who owns it.", "", " \n"])
def test_what_was_refused_or_left_unsaid_is_not_read(answer: str) -> None:
    assert [text for text, _ in said([Turn("Who owns it?", answer)])] == ["Who owns it?"]


def test_a_list_that_was_quoted_is_read_as_sentences() -> None:
    quoted = "- **Port > Fees:** It costs £4. [1]\n- **Port > Term:** It ends in June. [2]"
    assert said([Turn("?", quoted)])[1][0] == "Port > Fees: It costs £4. Port > Term: It ends in June."
