"""What the asker is told of words that were searched for in another spelling."""

from __future__ import annotations

import pytest

from rag.answering.respelled import respelled
from rag.schema import Trace


@pytest.mark.parametrize(
    ("typed", "searched", "told"),
    [
        ("Where is the wifi?", "Where is the wi-fi?", "I read \u201cwifi\u201d as \u201cwi-fi\u201d."),
        ("a lifejacket today", "a life jacket today", "I read \u201clifejacket\u201d as \u201clife jacket\u201d."),
        ("my key card?", "my keycard?", "I read \u201ckey card\u201d as \u201ckeycard\u201d."),
        (
            "teh guages of Brahtay",
            "the gauges of Brathay",
            "I read \u201cteh\u201d as \u201cthe\u201d, \u201cguages\u201d as \u201cgauges\u201d "
            "and \u201cBrahtay\u201d as \u201cBrathay\u201d.",
        ),
        ("when does it end? (Otter)", "when does it end? (Otter)", ""),
        ("", "", ""),
    ],
)
def test_words_that_were_read_otherwise_are_named(typed: str, searched: str, told: str) -> None:
    assert respelled(Trace(query=searched, alone=typed)) == told


def test_no_more_than_three_are_named() -> None:
    assert respelled(Trace(query="a b c d e", alone="v w x y z")).count(" as ") == 3
