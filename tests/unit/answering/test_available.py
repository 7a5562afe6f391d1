"""Settings -> the menu of models: who is on it, who comes first, and who gets to see the key."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from rag.answering import llm
from rag.answering.endpoints import OPENAI, Endpoint
from rag.answering.llm import EXTRACTIVE, LLMS, available
from rag.config import Settings
from rag.schema import SettingsError

OLLAMA = Endpoint("Ollama", "http://127.0.0.1:11434/v1", ("llama3.2:3b", "qwen3:8b"))
LLAMACPP = Endpoint("llama.cpp", "http://127.0.0.1:8080/v1", ("/models/Smol.gguf",))
REMOTE = "https://llm.example/v1"


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Which endpoints were asked for their models, with which key. Each lists m1 and m2."""
    asked: list[tuple[str, str]] = []

    def list_models(url: str, key: str, timeout: float) -> tuple[str, ...]:
        asked.append((url, key))
        return () if "nobody" in url else ("m1", "m2")

    monkeypatch.setattr(llm, "list_models", list_models)
    return asked


def names(settings: dict[str, Any], *local: Endpoint) -> list[str]:
    return [option.choice.name for option in available(Settings(**settings), lambda: local)]


@pytest.mark.parametrize(
    ("settings", "local", "menu"),
    [
        ({}, [], ["extractive"]),
        ({}, [OLLAMA], ["Ollama:llama3.2:3b", "Ollama:qwen3:8b", "extractive"]),
        (
            {},
            [OLLAMA, LLAMACPP],
            ["Ollama:llama3.2:3b", "Ollama:qwen3:8b", "llama.cpp:/models/Smol.gguf", "extractive"],
        ),
        ({"model": "qwen3:8b"}, [OLLAMA], ["Ollama:qwen3:8b", "Ollama:llama3.2:3b", "extractive"]),
        ({"llm": "extractive"}, [OLLAMA], ["extractive", "Ollama:llama3.2:3b", "Ollama:qwen3:8b"]),
        ({"llm": "openai"}, [OLLAMA], ["Ollama:llama3.2:3b", "Ollama:qwen3:8b", "extractive"]),
        # an address that was set: nobody looks for another
        (
            {"openai_base_url": REMOTE},
            [OLLAMA],
            ["The server at llm.example:m1", "The server at llm.example:m2", "extractive"],
        ),
        ({"openai_base_url": REMOTE, "model": "m9"}, [OLLAMA], ["The server at llm.example:m9", "extractive"]),
        (
            {"openai_base_url": "http://gpu/v1", "model": "m2"},
            [],
            ["The server at gpu:m2", "The server at gpu:m1", "extractive"],
        ),
        ({"openai_base_url": "http://nobody/v1"}, [], ["The server at nobody:default", "extractive"]),
        ({"openai_base_url": "http://nobody/v1", "model": "m9"}, [], ["The server at nobody:m9", "extractive"]),
        ({"openai_api_key": "sk-1", "model": "gpt-5-mini"}, [OLLAMA], ["OpenAI:gpt-5-mini", "extractive"]),
        # asked for by name: the rest stays on the menu
        (
            {"llm": "openai", "openai_base_url": REMOTE, "model": "m1"},
            [OLLAMA],
            ["The server at llm.example:m1", "Ollama:llama3.2:3b", "Ollama:qwen3:8b", "extractive"],
        ),
        (
            {"llm": "extractive", "openai_base_url": REMOTE, "model": "m1"},
            [],
            ["extractive", "The server at llm.example:m1"],
        ),
        ({"gguf": Path("/m/smol.gguf")}, [], ["llamacpp:smol", "extractive"]),
        (
            {"gguf": Path("/m/smol.gguf"), "openai_base_url": REMOTE, "model": "m1"},
            [],
            ["The server at llm.example:m1", "llamacpp:smol", "extractive"],
        ),
        (
            {"llm": "llamacpp", "gguf": Path("/m/smol.gguf"), "openai_base_url": REMOTE, "model": "m1"},
            [],
            ["llamacpp:smol", "The server at llm.example:m1", "extractive"],
        ),
    ],
)
def test_menu(settings: dict[str, Any], local: list[Endpoint], menu: list[str]) -> None:
    assert names(settings, *local) == menu


def test_a_server_that_was_set_and_found_is_on_the_menu_once() -> None:
    menu = names({"llm": "openai", "openai_base_url": "http://localhost:11434/v1"}, OLLAMA, LLAMACPP)
    assert menu == ["Ollama:m1", "Ollama:m2", "llama.cpp:/models/Smol.gguf", "extractive"]


def test_labels_are_for_people() -> None:
    labels = [option.choice.label for option in available(Settings(), lambda: [OLLAMA, LLAMACPP])]
    assert labels[0] == "llama3.2:3b (Ollama)"
    assert labels[2] == "Smol (llama.cpp)", "not the path of the file"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"llm": "gpt"}, "RAG_LLM=gpt is not known; choose auto, openai, llamacpp, extractive."),
        (
            {"llm": "openai"},
            "RAG_LLM=openai needs OPENAI_BASE_URL or OPENAI_API_KEY, or a local server that is running.",
        ),
        (
            {"llm": "openai", "gguf": Path("/m/smol.gguf")},
            "RAG_LLM=openai needs OPENAI_BASE_URL or OPENAI_API_KEY, or a local server that is running.",
        ),
        ({"llm": "llamacpp"}, "RAG_LLM=llamacpp needs RAG_GGUF, the path of a GGUF model file."),
        (
            {"openai_base_url": "http://127.0.0.1:808O/v1"},
            "OPENAI_BASE_URL is not an address; give one such as http://127.0.0.1:11434/v1.",
        ),
    ],
)
def test_settings_that_cannot_be_are_told_in_one_sentence(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        names(settings)
    assert str(caught.value) == says


def test_every_option_is_built_by_a_row_of_the_table() -> None:
    options = available(Settings(gguf=Path("/m/smol.gguf"), openai_base_url=REMOTE), lambda: [])
    assert {option.kind for option in options} == {"openai", "llamacpp", EXTRACTIVE} == set(LLMS)


def test_the_key_goes_to_its_own_endpoint_when_models_are_listed(asked: list[tuple[str, str]]) -> None:
    names({"llm": "openai", "openai_base_url": "http://gpu/v1", "openai_api_key": "sk-1"}, OLLAMA)
    names({"openai_api_key": "sk-2"})
    assert asked == [("http://gpu/v1", "sk-1"), (OPENAI, "sk-2")]


@pytest.mark.parametrize("base_url", ["", "http://gpu/v1"])
def test_the_key_belongs_to_one_endpoint(base_url: str) -> None:
    settings = Settings(openai_base_url=base_url, openai_api_key="sk-secret")
    assert asyncio.run(llm._key(settings, Endpoint("Own", base_url or OPENAI, ("m",)))()) == "sk-secret"
    assert asyncio.run(llm._key(settings, OLLAMA)()) == "none"
    if base_url:
        assert asyncio.run(llm._key(settings, Endpoint("OpenAI", OPENAI, ("m",)))()) == "none"
