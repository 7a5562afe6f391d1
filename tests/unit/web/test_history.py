"""Gradio's conversations, as the page and as the API hand them over, become turns."""

from __future__ import annotations

from typing import Any

from rag.schema import Turn
from rag.web.answer_text import linked, with_notice
from rag.web.history import fitting, next_turn, text_of, turns


def on_page(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": text}], "metadata": {"log": "x"}, "options": None}


def test_the_pages_messages() -> None:
    messages = [on_page("user", "When?"), on_page("assistant", linked("In June [1].", 1))]
    assert turns(messages) == [Turn("When?", "In June [1].")]


def test_the_apis_messages() -> None:
    messages = [{"role": "user", "content": "When?"}, {"role": "assistant", "content": "In June [1]."}]
    assert turns(messages) == [Turn("When?", "In June [1].")]


def test_what_got_no_answer_is_left_out() -> None:
    messages = [
        on_page("user", "Down?"),
        on_page("assistant", with_notice("", "The model is down.")),
        on_page("user", "Stopped before a word?"),
        on_page("user", "When?"),
        on_page("assistant", linked("In June [1].", 3)),
        on_page("user", "Asked just now"),
    ]
    assert turns(messages) == [Turn("When?", "In June [1].")]


def test_what_arrived_of_a_cut_answer_is_kept() -> None:
    messages = [on_page("user", "When?"), on_page("assistant", with_notice("In Ju", "The model broke off."))]
    assert turns(messages) == [Turn("When?", "In Ju")]


def test_an_empty_conversation() -> None:
    assert turns([]) == []
    assert next_turn([]) == 1


def test_every_answer_counts_even_a_fault() -> None:
    """The links of an answer and its sources are numbered by the place of the message, whatever it says."""
    messages = [on_page("user", "a"), on_page("assistant", with_notice("", "No.")), on_page("user", "b")]
    assert next_turn(messages) == 2


def test_contents_of_any_shape() -> None:
    assert text_of({"content": ["a", {"type": "text", "text": "b"}, {"type": "file", "file": {}}, None]}) == "a\n\nb"
    assert text_of({"content": None}) == ""
    assert text_of({}) == ""


def test_the_newest_conversations_are_kept() -> None:
    saved = [[on_page("user", "x" * 500)] for _ in range(10)]
    assert fitting(saved, room=3_000) == saved[: len(fitting(saved, room=3_000))]
    assert 3 <= len(fitting(saved, room=3_000)) <= 5
    assert fitting(saved) == saved
    assert fitting([]) == []


def test_no_more_is_read_of_a_message_than_an_answer_can_hold() -> None:
    (turn,) = turns([{"role": "user", "content": "q" * 90_000}, {"role": "assistant", "content": "a" * 90_000}])
    assert len(turn.question) == len(turn.answer) == 24_000
