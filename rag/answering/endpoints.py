"""Servers that speak OpenAI's protocol: which are running here, which models they list, how much they can read."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import httpx

from rag.schema import SettingsError

USUAL = {
    "Ollama": "http://127.0.0.1:11434/v1",
    "llama.cpp": "http://127.0.0.1:8080/v1",
    "LM Studio": "http://127.0.0.1:1234/v1",
    "vLLM": "http://127.0.0.1:8000/v1",
}
"""Where local servers listen unless told otherwise."""

OPENAI = "https://api.openai.com/v1"
_KNOWN_HOSTS = {"api.openai.com": "OpenAI", "models.github.ai": "GitHub Models"}
DEFAULT_CONTEXT = 8192
_LONGEST_LIST = 4 << 20
_NO_CHAT = re.compile(r"embed|bge-|minilm|rerank|whisper|tts|dall-e|moderation|image", re.I)


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server and the chat models it lists."""

    label: str
    base_url: str
    models: tuple[str, ...]
    key: str = field(default="", repr=False)
    """Its own key, where it is not the one of the settings."""


def find_local(usual: Mapping[str, str] = USUAL, timeout: float = 0.5) -> list[Endpoint]:
    """The local servers that answer now, in the order of `usual`. Takes `timeout` seconds at most, all asked at once."""
    if not usual:
        return []
    with ThreadPoolExecutor(len(usual)) as pool:
        models = list(pool.map(lambda url: list_models(url, "", timeout), usual.values()))
    return [Endpoint(label, url, found) for (label, url), found in zip(usual.items(), models, strict=True) if found]


def list_models(base_url: str, key: str, timeout: float) -> tuple[str, ...]:
    """The chat models an endpoint lists; empty when it does not answer as one."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}

    def ask(client: httpx.Client) -> list[str]:
        listed = _json(client, "GET", f"{base_url}/models", headers=headers)
        return [str(model["id"]) for model in (listed["data"] if isinstance(listed, dict) else listed)]

    names = _within(timeout, base_url, ask) or []
    return tuple(name for name in names if not _NO_CHAT.search(name))


def context_tokens(base_url: str, model: str, timeout: float = 1.0) -> int:
    """How many tokens the model can read at once: llama.cpp and Ollama tell, for any other 8,192 is assumed."""
    if not is_local(base_url):
        return DEFAULT_CONTEXT
    root = base_url.removesuffix("/v1")

    def ask(client: httpx.Client) -> int:
        props = _json(client, "GET", f"{root}/props", missing={})
        if props:
            return int(props["default_generation_settings"]["n_ctx"])
        return _ollama_context(_json(client, "POST", f"{root}/api/show", json={"model": model}))

    return _within(timeout, base_url, ask) or DEFAULT_CONTEXT


def _within(seconds: float, base_url: str, ask: Callable[[httpx.Client], T]) -> T | None:
    """What `ask` finds out; None where the server does not answer as it should, or not in so many seconds altogether.

    httpx bounds the time of each read only, so a server that sends a byte now and then would be listened to for ever.
    """
    # A proxy set for the way out must not be asked for a server on this machine. Without TLS there is no certificate to
    # check, and to read those that could do it takes longer than to ask.
    verify = base_url.startswith("https:")
    told: SimpleQueue[T | None] = SimpleQueue()
    try:
        client = httpx.Client(
            timeout=seconds, trust_env=not is_local(base_url), verify=verify, headers={"Accept-Encoding": "identity"}
        )
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None

    def tell() -> None:
        try:
            told.put(ask(client))
        except Exception:  # whatever is sent, it lists nothing
            told.put(None)

    threading.Thread(target=tell, name="asking an endpoint", daemon=True).start()
    try:
        return told.get(timeout=seconds)
    except Empty:
        return None
    finally:
        client.close()  # and with it the thread's connection


def _json(client: httpx.Client, method: str, url: str, *, missing: Any = None, **more: Any) -> Any:
    """What a server sends as JSON; `missing` where it knows no such address. Raises ValueError for more than any sends."""
    with client.stream(method, url, **more) as reply:
        if missing is not None and not reply.is_success:
            return missing
        reply.raise_for_status()
        body = b""
        for piece in reply.iter_raw():
            body += piece
            if len(body) > _LONGEST_LIST:
                raise ValueError("a list without end")
    return json.loads(body)


def _ollama_context(shown: Mapping[str, object]) -> int:
    """Ollama cuts a prompt silently at num_ctx, whatever the model could read; unset, that is 4,096."""
    match = re.search(r"^num_ctx\s+(\d+)", str(shown.get("parameters", "")), re.MULTILINE)
    info = shown.get("model_info")
    trained = [int(v) for k, v in info.items() if k.endswith(".context_length")] if isinstance(info, dict) else []
    return min([int(match[1]) if match else 4096, *trained])


def label_of(base_url: str) -> str:
    """What a person calls an endpoint. Raises SettingsError where that is no address."""
    try:
        address = httpx.URL(base_url)
    except httpx.InvalidURL:
        raise SettingsError("OPENAI_BASE_URL is not an address; give one such as http://127.0.0.1:11434/v1.") from None
    host = address.host
    for label, url in USUAL.items():
        if is_local(base_url) and httpx.URL(url).port == address.port:
            return label
    return _KNOWN_HOSTS.get(host, f"The server at {host}" if host else "The endpoint")


def is_local(base_url: str) -> bool:
    """Whether an address is on this machine, so that no proxy stands between."""
    try:
        return httpx.URL(base_url).host in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "host.docker.internal")
    except httpx.InvalidURL:
        return False
