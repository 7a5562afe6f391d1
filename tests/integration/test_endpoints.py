"""Which servers are there, what they list, how much they read: asked of a real server on a loopback port."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from rag.answering.endpoints import (
    DEFAULT_CONTEXT,
    OPENAI,
    Endpoint,
    context_tokens,
    find_local,
    label_of,
    list_models,
)
from rag.schema import SettingsError
from tests.doubles.scripted import ScriptedEndpoint


@pytest.fixture
def nobody() -> str:
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("http://127.0.0.1:11434/v1", "Ollama"),
        ("http://localhost:11434/v1", "Ollama"),
        ("http://[::1]:8080/v1", "llama.cpp"),
        ("http://host.docker.internal:1234/v1", "LM Studio"),
        ("http://0.0.0.0:8000/v1", "vLLM"),
        ("http://127.0.0.1:9999/v1", "The server at 127.0.0.1"),
        ("http://gpu.example:11434/v1", "The server at gpu.example"),
        (OPENAI, "OpenAI"),
        ("https://models.github.ai/inference", "GitHub Models"),
        ("http:///v1", "The endpoint"),
    ],
)
def test_what_a_person_calls_it(url: str, label: str) -> None:
    assert label_of(url) == label


def test_an_address_that_is_none_is_told_as_a_setting() -> None:
    with pytest.raises(SettingsError, match=r"^OPENAI_BASE_URL is not an address; .*/v1\.$"):
        label_of("http://127.0.0.1:808O/v1")


def test_models_are_listed_without_those_that_do_not_chat() -> None:
    models = ["llama3.2:3b", "nomic-embed-text", "bge-m3", "gpt-4o", "whisper-1", "tts-1", "all-minilm", "rerank-2"]
    with ScriptedEndpoint(models=models) as endpoint:
        assert list_models(endpoint.base_url, "", timeout=5) == ("llama3.2:3b", "gpt-4o")


def test_the_key_is_sent_where_there_is_one() -> None:
    with ScriptedEndpoint() as endpoint:
        list_models(endpoint.base_url, "sk-1", timeout=5)
        list_models(endpoint.base_url, "", timeout=5)
        assert [request.headers.get("authorization") for request in endpoint.log] == ["Bearer sk-1", None]


def test_nobody_there_lists_nothing(nobody: str) -> None:
    assert list_models(nobody, "", timeout=5) == ()
    assert list_models("http://127.0.0.1:bad/v1", "", timeout=5) == ()


@pytest.mark.parametrize(
    "body",
    ["<html>", "", "[]", "null", "5", '{"data": null}', '{"data": [{}]}', '{"data": ["a"]}', '{"error": "no key"}'],
)
def test_what_is_no_list_of_models_lists_nothing(body: str, serve: Any) -> None:
    assert list_models(serve(body), "", timeout=5) == ()


def test_a_bare_list_is_a_list_too(serve: Any) -> None:
    assert list_models(serve('[{"id": "openai/gpt-4.1"}]'), "", timeout=5) == ("openai/gpt-4.1",)


@pytest.fixture
def serve() -> Any:
    """A server whose /v1/extra/models sends just this body; gives its base address."""
    servers: list[ScriptedEndpoint] = []

    def start(body: str) -> str:
        server = ScriptedEndpoint(extra={"/v1/extra/models": body})
        servers.append(server.__enter__())
        return f"{server.base_url}/extra"

    yield start
    for server in servers:
        server.__exit__()


def test_local_servers_that_answer_are_found_in_order(nobody: str) -> None:
    with ScriptedEndpoint(models=["a", "embed-b"]) as one, ScriptedEndpoint(models=["c"]) as other:
        usual = {"Other": other.base_url, "None": nobody, "One": one.base_url}
        found = find_local(usual, timeout=5)
        assert found == [Endpoint("Other", other.base_url, ("c",)), Endpoint("One", one.base_url, ("a",))]
        assert find_local({}) == []


def test_local_servers_are_asked_without_the_proxy_and_without_a_key(
    monkeypatch: pytest.MonkeyPatch, nobody: str
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, nobody)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with ScriptedEndpoint() as endpoint:
        assert [found.label for found in find_local({"Here": endpoint.base_url}, timeout=5)] == ["Here"]
        assert all("authorization" not in request.headers for request in endpoint.log)


PROPS = {"default_generation_settings": {"n_ctx": 2048}}


@pytest.mark.parametrize(
    ("extra", "tokens"),
    [
        ({"/props": PROPS}, 2048),
        (
            {"/api/show": {"parameters": "stop x\nnum_ctx    16384", "model_info": {"llama.context_length": 131072}}},
            16384,
        ),
        ({"/api/show": {"parameters": "num_ctx 16384", "model_info": {"llama.context_length": 8000}}}, 8000),
        ({"/api/show": {"model_info": {"llama.context_length": 131072}}}, 4096),  # Ollama's own default
        ({"/api/show": {"model_info": {"bert.context_length": 512}}}, 512),
        ({"/api/show": {}}, 4096),
        ({}, DEFAULT_CONTEXT),
        ({"/props": "<html>"}, DEFAULT_CONTEXT),
        ({"/props": {}}, DEFAULT_CONTEXT),
        ({"/api/show": []}, DEFAULT_CONTEXT),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else None,
)
def test_how_much_the_server_reads(extra: dict[str, Any], tokens: int) -> None:
    with ScriptedEndpoint(extra=extra) as endpoint:
        assert context_tokens(endpoint.base_url, "llama3.2:3b", timeout=5) == tokens
        asked = [request.body for request in endpoint.log if request.path == "/api/show"]
        assert asked in ([], [{"model": "llama3.2:3b"}])


def test_a_hosted_endpoint_is_not_asked(monkeypatch: pytest.MonkeyPatch, nobody: str) -> None:
    monkeypatch.setattr("httpx.Client", None)
    assert context_tokens("https://models.github.ai/inference", "gpt-4o") == DEFAULT_CONTEXT
    monkeypatch.undo()
    assert context_tokens(nobody, "any") == DEFAULT_CONTEXT
