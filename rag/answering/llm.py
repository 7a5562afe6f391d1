"""Who answers. One row in LLMS per way to get a chat model; `available` says which can be chosen now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.answering import llamacpp
from rag.answering.asking_again import AskingAgain
from rag.answering.endpoints import OPENAI, Endpoint, context_tokens, find_local, is_local, label_of, list_models
from rag.answering.plain_chunks import PlainChunks
from rag.answering.replies import AS_IT_IS, bound
from rag.config import Settings
from rag.index.embed import Embedder
from rag.schema import LlmChoice, SettingsError

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

    from rag.answering.meeting import Stored

EXTRACTIVE = "extractive"
SUGGESTING = "suggesting"
"""Tag of the call that asks for what could be asked next."""

_THREE_QUESTIONS = 160  # tokens; a small model may go on and on


@dataclass(frozen=True, slots=True)
class Llm:
    """A chat model ready to answer. `quotes`: it can only quote, so it needs questions that stand alone and full sources."""

    choice: LlmChoice
    label: str
    model: str
    context_tokens: int
    chat: Callable[[str], BaseChatModel]
    """Gives the model whose events carry this tag; made once per tag, so that its connections are kept."""
    quotes: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """An entry of the model menu: which row of LLMS builds it, from which endpoint and model."""

    choice: LlmChoice
    kind: str
    endpoint: Endpoint | None = None
    model: str = ""


def open_endpoint(settings: Settings, option: Option, embedder: Embedder, index: Stored | None = None) -> Llm:
    """A model behind an OpenAI-compatible endpoint."""
    endpoint = option.endpoint
    assert endpoint is not None
    limit = settings.context_tokens or context_tokens(endpoint.base_url, option.model)
    return Llm(
        option.choice, endpoint.label, option.model, limit, cache(partial(_client, settings, endpoint, option.model))
    )


def open_llamacpp(settings: Settings, option: Option, embedder: Embedder, index: Stored | None = None) -> Llm:
    """llama.cpp in this process, on a loopback port of its own, with any GGUF file."""
    if settings.gguf is None:
        raise SettingsError("RAG_LLM=llamacpp needs RAG_GGUF, the path of a GGUF model file.")
    model = settings.gguf.stem
    limit = settings.context_tokens or 4096
    address, key = llamacpp.address(settings.gguf.expanduser(), limit, settings.max_answer_tokens)
    endpoint = Endpoint("llama.cpp", f"{address}/v1", (model,), key)
    return Llm(option.choice, "llama.cpp", model, limit, cache(partial(_client, settings, endpoint, model)))


def open_extractive(settings: Settings, option: Option, embedder: Embedder, index: Stored | None = None) -> Llm:
    """The embedded default: quotes the sentences that answer, needs no key, no download and no network."""
    from rag.answering.extractive import ExtractiveChat
    from rag.answering.meeting import meet
    from rag.retrieval.best_sentence import vectors

    chat = partial(
        ExtractiveChat,
        embed=partial(vectors, embedder=embedder),
        meet=partial(meet, embedder=embedder, stored=index),
    )
    return Llm(option.choice, "Quoting", EXTRACTIVE, 1 << 20, cache(lambda tag: chat(tags=[tag])), quotes=True)


LLMS: dict[str, Callable[[Settings, Option, Embedder, Stored | None], Llm]] = {
    "openai": open_endpoint,
    "llamacpp": open_llamacpp,
    "extractive": open_extractive,
}


def available(settings: Settings, find: Callable[[], Sequence[Endpoint]] = find_local) -> list[Option]:
    """What can answer now, the default first. Raises SettingsError where the settings name something that cannot be."""
    if settings.llm != "auto" and settings.llm not in LLMS:
        raise SettingsError(f"RAG_LLM={settings.llm} is not known; choose auto, {', '.join(LLMS)}.")
    options: list[Option] = []
    key = settings.openai_api_key.get_secret_value()
    if settings.openai_base_url or key:
        url = settings.openai_base_url or OPENAI
        options += _of_endpoint(Endpoint(label_of(url), url, _models(settings, url, key)), settings.model)
    if settings.gguf is not None:
        name = f"llamacpp:{settings.gguf.stem}"
        options.append(Option(LlmChoice(name, f"{settings.gguf.stem} (llama.cpp, in this app)"), "llamacpp"))
    elif settings.llm == "llamacpp":
        raise SettingsError("RAG_LLM=llamacpp needs RAG_GGUF, the path of a GGUF model file.")
    if not options or settings.llm == "openai":
        for endpoint in find():
            # By label: localhost and 127.0.0.1 are one server.
            if all(option.endpoint is None or option.endpoint.label != endpoint.label for option in options):
                options += _of_endpoint(endpoint, settings.model)
    quoting = LlmChoice(EXTRACTIVE, "Quotes from the documents (no model needed)")
    options.append(Option(quoting, EXTRACTIVE))
    if settings.llm == "openai" and options[0].kind != "openai":
        raise SettingsError(
            "RAG_LLM=openai needs OPENAI_BASE_URL or OPENAI_API_KEY, or a local server that is running."
        )
    if settings.llm in LLMS and all(option.kind != settings.llm for option in options):
        options.append(Option(LlmChoice(settings.llm, settings.llm), settings.llm))
    # The kind that was asked for comes first; the order is otherwise kept.
    return sorted(options, key=lambda option: settings.llm not in ("auto", option.kind))


def _models(settings: Settings, url: str, key: str) -> tuple[str, ...]:
    """The model that was named first, then what the endpoint lists; hosted ones list hundreds, so there the name must do."""
    if settings.model and url.startswith("https://"):
        return (settings.model,)
    listed = list_models(url, key, timeout=settings.connect_timeout)
    if settings.model and settings.model not in listed:
        return (settings.model, *listed)
    if not listed and not settings.model:
        return ("gpt-4o-mini",) if url == OPENAI else ("default",)
    return listed


def _of_endpoint(endpoint: Endpoint, first: str) -> list[Option]:
    models = sorted(endpoint.models, key=lambda model: model != first)
    return [
        Option(LlmChoice(f"{endpoint.label}:{model}", f"{_short(model)} ({endpoint.label})"), "openai", endpoint, model)
        for model in models
    ]


def _short(model: str) -> str:
    """llama.cpp calls its model by the file's whole path."""
    return Path(model).stem if model.endswith(".gguf") else model


def _client(settings: Settings, endpoint: Endpoint, model: str, tag: str) -> BaseChatModel:
    import httpx
    from langchain_openai import ChatOpenAI
    from openai import DefaultAsyncHttpxClient

    options: dict[str, Any] = {}
    # OpenAI's reasoning models, also behind GitHub Models ("openai/gpt-5-mini"), take no temperature.
    reasons = model.rpartition("/")[2].startswith(("o1", "o3", "o4", "gpt-5"))
    if not reasons:
        options["temperature"] = settings.temperature
    most = settings.max_answer_tokens
    if tag == SUGGESTING and not reasons:  # what a model thinks counts too
        most = min(most, _THREE_QUESTIONS)
    if reasons or endpoint.base_url == OPENAI:
        options["max_completion_tokens"] = most
    else:
        # Other servers read the older name of the limit; given both, those that pass on to OpenAI refuse.
        options["extra_body"] = {"max_tokens": most}
    if is_local(endpoint.base_url):
        options["openai_proxy"] = None
    wait = max(settings.first_token_timeout, settings.stall_timeout) + settings.connect_timeout
    client = DefaultAsyncHttpxClient(
        # A proxy set for the way out must not be asked for a server on this machine.
        trust_env=not is_local(endpoint.base_url),
        # Elsewhere is not the endpoint that was set: neither the key nor the documents follow.
        follow_redirects=False,
        headers=AS_IT_IS,
        event_hooks={"response": [bound]},
    )
    chat = ChatOpenAI(
        model=model,
        base_url=endpoint.base_url,
        api_key=_key(settings, endpoint),
        http_async_client=client,
        http_socket_options=(),
        # The client's own default waits for ever. Ours come first, and know what they end: see answer.py.
        timeout=httpx.Timeout(wait, connect=settings.connect_timeout),
        # It obeys a server that says "come back in two minutes" in silence: see asking_again.py.
        max_retries=0,
        # Ours is the deadline. Theirs runs each piece as a task, and one that is stopped before it began never ends.
        stream_chunk_timeout=None,
        stream_usage=True,
        tags=[tag],
        **options,
    )
    chat.async_client = PlainChunks(AskingAgain(chat.async_client, endpoint.label, settings.first_token_timeout))
    return chat


def _key(settings: Settings, endpoint: Endpoint) -> Callable[[], Awaitable[str]]:
    """The key, for the endpoint it was set for and no other: a server found on this machine never sees it."""
    own = (settings.openai_base_url or OPENAI) == endpoint.base_url
    value = endpoint.key or (settings.openai_api_key.get_secret_value() if own else "")

    async def key() -> str:  # were it no coroutine, it would be asked for in a thread, once all searches are over
        return value or "none"

    return key
