"""What is no question to documents, and what must stay one."""

from __future__ import annotations

import pytest

from rag.answering.small_talk import reply_to


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("Hello", "Hello."),
        ("hi there!", "Hello."),
        ("Hey, how are you?", "Fine, thank you."),
        ("Good morning :)", "Hello."),
        ("Thanks!", "You are welcome."),
        ("thank you so much, that helps a lot", "You are welcome."),
        ("ok great, thanks", "You are welcome."),
        ("Thanks, bye!", "You are welcome."),
        ("Goodbye", "Goodbye."),
        ("What can you do?", "I look through these documents"),
        ("hello, who are you", "I look through these documents"),
        ("What's your name?", "I look through these documents"),
        ("help", "I look through these documents"),
        ("ok", "What else"),
        ("lol", "What else"),
    ],
)
def test_small_talk_has_a_reply(said: str, reply: str) -> None:
    assert reply_to(said).startswith(reply)


@pytest.mark.parametrize(
    "question",
    [
        "",
        "?",
        "Hello, when does the port's contract end?",
        "thanks, and when does it end?",
        "ok so where's the big one then",
        "how are you paid",
        "Who are you insured with?",
        "help desk",
        "What can you do about a broken buoy?",
        "no parking",
        "good practice",
        "And in winter?",
        "why?",
        "how much",
        "hiring",
        "ok " * 40,
    ],
)
def test_a_question_stays_one(question: str) -> None:
    assert reply_to(question) == ""
