"""Settings: one frozen object, read once at a root and handed down.

Values come, strongest first, from the caller (command-line flags), the environment, a `.env` file, and the defaults below.
Each field `name` is the variable `RAG_NAME`; the endpoint's address and key keep the names every OpenAI client knows.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from rag.schema import SettingsError

PREFIX = "RAG_"
_OWN_NAMES = {"openai_base_url": "OPENAI_BASE_URL", "openai_api_key": "OPENAI_API_KEY"}


class Settings(BaseModel):
    """Every setting with its default; the description is the comment `.env.example` shows."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    openai_base_url: str = Field(
        "",
        description="Address of an OpenAI-compatible endpoint, ending in /v1. Empty: find one here.",
        repr=False,  # it may hold a password, as in http://user:password@host/v1
    )
    openai_api_key: SecretStr = Field(SecretStr(""), description="Its key. A local server needs none.")
    model: str = Field("", description="Which of the endpoint's models answers. Empty: the first it lists.")
    llm: str = Field(
        "auto",
        description="Who answers: auto, openai (any compatible endpoint), llamacpp (in this process) or extractive.",
    )
    gguf: Path | None = Field(None, description="A GGUF model file, for RAG_LLM=llamacpp.")
    temperature: float = Field(0.0, ge=0, le=2, description="0 keeps answers repeatable.")
    max_answer_tokens: int = Field(700, ge=16, le=32_768, description="The longest answer, in tokens.")
    context_tokens: int = Field(0, ge=0, description="Tokens the model can read at once. 0: ask the server, else 8192.")
    connect_timeout: float = Field(5.0, gt=0, description="Seconds to reach the endpoint.")
    first_token_timeout: float = Field(
        60.0,
        gt=0,
        description="Seconds the model may think before its first word. A quarter of it is for rewording a follow-up.",
    )
    stall_timeout: float = Field(30.0, gt=0, description="Seconds it may pause in the middle of an answer.")
    answer_timeout: float = Field(120.0, gt=0, description="Seconds after which an answer is cut off.")
    history_turns: int = Field(6, ge=0, le=50, description="How many earlier turns of a conversation are remembered.")

    follow_ups: Literal["model", "headings"] = Field(
        "model",
        description="Where the page's suggestions come from: model (one short call more for each answer) or headings.",
    )

    knowledge_base: Path = Field(
        Path("knowledge-base"), description="The folder of Markdown; its first-level folders are the doc_types."
    )
    index: Path = Field(Path("vector_db"), description="Where the index is kept.")
    feedback: Path = Field(
        Path("feedback.jsonl"),
        description="Where questions are kept that people said something of; rag.evaluate reads it.",
    )
    store: str = Field("chroma", description="Vector store: chroma or faiss.")
    embedder: str = Field(
        "minilm",
        description="minilm (all-MiniLM-L6-v2, shipped) or sentence-transformers (any model of theirs; a GPU if there is one).",
    )
    embedding_model: str = Field(
        "", description="Folder of a model for RAG_EMBEDDER=sentence-transformers. Empty: all-MiniLM-L6-v2."
    )
    precision: Literal["int8", "float32"] = Field(
        "int8", description="How minilm embeds: int8 is twice as fast as float32 and finds as much."
    )
    chunk_size: int = Field(
        256, ge=32, le=8192, description="Longest chunk in word pieces, title and headings counted."
    )
    chunk_overlap: int = Field(
        0, ge=0, description="Word pieces repeated between neighbours where a long paragraph is cut."
    )
    k: int = Field(10, ge=1, le=100, description="How many chunks a search returns and an answer may use.")
    candidates: int = Field(
        30, ge=1, le=1000, description="Chunks the vector store proposes, and BM25 as many, before the best are chosen."
    )
    spelling: bool = Field(True, description="Put misspelled words of a question right by the index's own words.")
    rerank: bool = Field(True, description="Compare word piece by word piece. Off: one vector against one vector.")
    words_share: float = Field(
        0.25, ge=0, le=1, description="Share of BM25 in the score. 0: vectors alone; 1: BM25 alone."
    )
    neighbours_share: float = Field(
        0.1, ge=0, le=1, description="What the chunks before and after one add to its score. 0: nothing."
    )
    sentence_share: float = Field(
        0.14,
        ge=0,
        le=1,
        description="How much best sentences decide between the first chunks. 0: nothing.",
    )
    telling: bool = Field(
        True, description="Count what a question is about for more than how it is put, as learned from other questions."
    )
    abstain_below: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Confidence below which nothing is quoted. Empty: what the index says; 0: always quote.",
    )

    host: str = Field("127.0.0.1", description="Address the page listens on.")
    port: int = Field(7860, ge=0, le=65_535, description="Port the page listens on.")
    share: bool = Field(False, description="Make a public link. A password is then required.")
    auth: SecretStr = Field(SecretStr(""), description="USER:PASSWORD asked before the page opens.")
    manage: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Whether documents can be added and ingested from the page: auto (on this machine only), on or off.",
    )
    host_names: str = Field(
        "", description="Names, with commas between, by which a proxy on this machine leads here. Others are refused."
    )
    max_questions: int = Field(
        128, ge=1, le=500, description="How many questions are answered at once; whoever asks one more is told to wait."
    )

    @field_validator("openai_base_url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        value = value.strip().rstrip("/")
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://, for example http://127.0.0.1:11434/v1")
        return value

    @field_validator("auth")
    @classmethod
    def _has_both_halves(cls, value: SecretStr) -> SecretStr:
        user, colon, password = value.get_secret_value().partition(":")
        if value.get_secret_value() and not (user and colon and password):
            raise ValueError("must be USER:PASSWORD, both given")
        return value

    @classmethod
    def load(cls, env: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env"), **flags: Any) -> Self:
        """Read the environment and `.env`, then let `flags` that are not None override.

        Raises SettingsError naming the nearest known name for a `RAG_` variable that does not exist, or what is wrong
        with a value.
        """
        env = os.environ if env is None else env
        given: dict[str, Any] = {}
        for where, values in ((".env", _read_dotenv(dotenv)), ("the environment", env)):
            given |= _known(values, where)
        given |= {name: value for name, value in flags.items() if value is not None}
        try:
            return cls(**given)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            message = first["msg"].removeprefix("Value error, ")
            raise SettingsError(f"{variable(name)} is not usable: {message[0].lower()}{message[1:]}.") from None


def variable(field: str) -> str:
    """The environment variable of a field."""
    return _OWN_NAMES.get(field, PREFIX + field.upper())


def _known(values: Mapping[str, str], where: str) -> dict[str, str]:
    names = {variable(field): field for field in Settings.model_fields}
    found: dict[str, str] = {}
    for key, value in values.items():
        if key in names:
            if value != "" or names[key] in ("openai_base_url", "openai_api_key", "auth", "model"):
                found[names[key]] = value
        elif key.startswith(PREFIX):
            near = difflib.get_close_matches(key, names, n=1, cutoff=0.0)
            raise SettingsError(f"{key} in {where} is not a setting; did you mean {near[0]}?")
    return found


def _read_dotenv(path: Path | None) -> dict[str, str]:
    if path is None or not path.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        return {key: value or "" for key, value in dotenv_values(path, interpolate=False).items()}
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{path} cannot be read; save it as UTF-8 and let this user read it.") from None
