"""The API endpoint `chat`, as a program calls it."""

from __future__ import annotations

from typing import Any

from gradio_client import Client

from rag.web.answer_text import PAGE_SPEAKS
from tests.browser.app import echo
from tests.doubles.replies import FAILURES


def _client(app: Any) -> Client:
    return Client(app.url, verbose=False)


def test_a_message_is_enough(quoting: Any) -> None:
    answer = _client(quoting).predict("How do employees travel by train?", api_name="/chat")
    assert isinstance(answer, str)
    assert "first class" in answer
    assert "[1] policies/travel.md" in answer
    assert "](#" not in answer


def test_calls_of_one_client_form_a_conversation(modelled: Any, endpoint: Any) -> None:
    one, other = _client(modelled), _client(modelled)
    one.predict("Who owns the Meridian Freight account?", api_name="/chat")
    assert "Your first question was: Who owns" in one.predict("And when did she join?", api_name="/chat")
    assert "Your first question" not in other.predict("How do employees travel by train?", api_name="/chat")
    told = [message["content"] for message in endpoint.chats[-2].messages if message["role"] == "assistant"]
    assert told
    assert not any("Sources:" in text for text in told), "the list of sources is no part of the conversation"


def test_a_doc_type_can_be_named(quoting: Any) -> None:
    answer = _client(quoting).predict("Who owns the Meridian Freight account?", doc_type="employees", api_name="/chat")
    assert "employees/ingrid-solheim.md" in answer
    assert "contracts/" not in answer


def test_a_model_can_be_named(modelled: Any) -> None:
    answer = _client(modelled).predict("How do employees travel by train?", llm="extractive", api_name="/chat")
    assert "first class" in answer


def test_a_fault_is_a_sentence_and_is_forgotten(modelled: Any, endpoint: Any) -> None:
    client = _client(modelled)
    endpoint.script = lambda messages: FAILURES["500"]
    sentence = client.predict("How do employees travel by train?", api_name="/chat").strip(PAGE_SPEAKS)
    assert sentence.endswith(".")
    endpoint.script = echo
    client.predict("And by ship?", api_name="/chat")
    assert sentence not in endpoint.chats[-1].text
    assert client.predict("", api_name="/chat").strip(PAGE_SPEAKS) == "Type a question first."
