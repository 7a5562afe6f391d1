"""What a model recites or points to is taken out while it streams; what the sources hold may always be said."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.prompts import CONDENSE, SOURCE_TEMPLATE, SYSTEM, as_data, fence_mark
from rag.answering.withheld import LEFT_OUT, Withheld

FRAGMENTS = [
    *SYSTEM.split("\n"),
    *CONDENSE.split("\n"),
    *("You answer questions", "If the sources do not hold the answer", "say", "it", "the", "source", "s"),
    *(" ", "\n", ". ", "<<", ">>", "<<end 1 0123abcd>>", "<<source 12 0123abcd>>", "www.evil.example", "www"),
    *("http", "https://evil.example/?q=1", "://", "http://known.example/a", ")", "£", "\u200b", "file:///etc/x"),
]
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join)


def passed(pieces: list[str], *known: str) -> str:
    withheld = Withheld(["See http://known.example/a.", *known])
    return "".join([*map(withheld.feed, pieces), withheld.close()])


@given(texts, st.lists(st.integers(0, 400), max_size=20))
def test_what_goes_does_not_depend_on_how_the_text_is_cut(text: str, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    for pieces in ([text[start:end] for start, end in itertools.pairwise(edges)], list(text), [text]):
        said = passed(pieces)
        assert not re.search(r"://evil|(?<![^\W_])www\.evil|<<(?:source|end) \d+ \w+>>|\u200b", said)
        words = re.findall(r"[^\W_]+", said.lower())
        prompts = [" ".join(re.findall(r"[^\W_]+", prompt.lower())) for prompt in (SYSTEM, CONDENSE)]
        runs = [" ".join(words[at : at + 12]) for at in range(len(words) - 11)]
        assert not [run for run in runs if any(run in prompt for prompt in prompts)]


@pytest.mark.parametrize(
    "text",
    [
        "I don't know: the sources do not hold the answer, and it is missing.",
        "It costs two pounds [1]. Names, numbers and dates stand exactly so.",
        "See http://known.example/a, and http://known.example/a.",
        "I cannot say if the sources do not hold the price.",
        "Compare x << 2 and 3 >> 1; a source 3 is not a fence. The end.",
        "The website's file:// and www, h, ht or http: are words.",
        "Zwölf Wörter und eines mehr, damit auch Deutsches heil durchgeht.",
    ],
)
def test_an_honest_answer_passes_unchanged(text: str) -> None:
    assert passed(list(text)) == passed([text]) == text


def test_what_the_sources_hold_may_be_said() -> None:
    line = SYSTEM.splitlines()[1]
    assert passed([line]) != line
    assert passed([line], f"Our manual says: {line}") == line


def test_an_address_nobody_gave_is_left_out() -> None:
    assert passed(["Go to http://known.example/a?q=se", "cret now."]) == f"Go to {LEFT_OUT} now."
    assert passed(["(HTTPS://EVIL.example/x), ok"]) == f"({LEFT_OUT}), ok"


def test_nothing_else_is_held_back() -> None:
    withheld = Withheld([])
    assert withheld.feed("It ") == "It "
    assert withheld.feed("costs two") == "costs two"
    assert withheld.feed("pence <") == "pence "
    assert withheld.feed("3") == "<3"


CONTROL = [
    *("<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|start_header_id|>", "</s>", "<s>", "[INST]"),
    *("[/INST]", "<<SYS>>", "<</SYS>>", "<start_of_turn>", "<end_of_turn>", "<｜begin▁of▁sentence｜>", "<tool_call>"),
    *("[TOOL_CALLS]", "[SYSTEM_PROMPT]", "<think>", "</think>", "<bos>", "<eos>", "<unused12>", "<0x0A>"),
]


@pytest.mark.parametrize("token", CONTROL)
def test_a_control_token_in_a_text_is_sent_as_letters(token: str) -> None:
    sent = as_data(f"a {token} b {token.upper()}")
    assert token not in sent
    assert token.upper() not in sent
    assert passed([sent]) == f"a {token} b {token.upper()}"
    assert as_data(sent) == sent


def test_other_text_is_sent_as_it_is() -> None:
    for text in (SYSTEM, CONDENSE, "<div> a < b [1] <b>x</b> <https://a.b> [in] List<s> <|", "if x <= y | z"):
        assert as_data(text).replace("<\u200bs>", "<s>").replace("<\u200b|", "<|") == text
    fence = SOURCE_TEMPLATE.format(n=1, mark=fence_mark(["a"]), page_content="a")
    assert as_data(fence) == fence


def test_nobody_outside_this_process_can_know_the_mark() -> None:
    import subprocess
    import sys

    code = "from rag.answering.prompts import fence_mark; print(fence_mark(['a', 'b']))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert re.fullmatch("[0-9a-f]{8}", other)
    assert other != fence_mark(["a", "b"]) == fence_mark(["a", "b"])


RECITED = f"Well. {SYSTEM[:400]} and the port closes at nine. {' '.join(SYSTEM.split()[3:9])} end"


@given(st.lists(st.integers(1, len(RECITED) - 1), max_size=60))
def test_a_recital_is_taken_out_however_it_is_cut_within_words_too(cuts: list[int]) -> None:
    edges = [0, *sorted(set(cuts)), len(RECITED)]
    assert passed([RECITED[a:b] for a, b in itertools.pairwise(edges)]) == passed([RECITED])
    assert "You answer questions from numbered" not in passed([RECITED])
