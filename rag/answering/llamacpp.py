"""A GGUF file -> llama.cpp's own server in this process, on a loopback port; one per file and size, kept until the process ends."""

from __future__ import annotations

import secrets
import threading
from functools import cache
from pathlib import Path
from typing import Any

from rag.schema import SettingsError

_LOCK = threading.Lock()


@cache
def server(gguf: Path, context: int, answer: int) -> tuple[Any, str]:
    """The server and its key: without one, any page open in a browser on this machine could use it."""
    try:
        import xllamacpp
    except ImportError:
        raise SettingsError("RAG_LLM=llamacpp needs the extra: pip install 'lodestar[llamacpp]'.") from None
    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.hostnames = ["127.0.0.1"]
    params.n_ctx = context
    params.n_predict = answer
    params.n_parallel = 1
    params.cache_ram_mib = 512
    params.endpoint_metrics = params.endpoint_slots = False
    params.warmup = params.ui = False
    params.verbosity = 1  # errors only: what it logs goes to the standard error of whoever asked
    key = secrets.token_urlsafe(24)
    params.api_keys = [key]
    try:
        return xllamacpp.Server(params), key
    except RuntimeError:
        raise SettingsError(
            f"llama.cpp cannot load RAG_GGUF={gguf}; the file is damaged, too large or of a kind it does not know."
        ) from None


def address(gguf: Path, context: int, answer: int) -> tuple[str, str]:
    """Where it listens, and its key; started where it is not running yet.

    `context`, `answer`: the most tokens that it reads and writes. Raises SettingsError for a file that it cannot load.
    """
    if not gguf.is_file():
        raise SettingsError(f"RAG_GGUF={gguf} is not a file; give the path of a GGUF model.")
    with gguf.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise SettingsError(f"RAG_GGUF={gguf} is not a GGUF model file.")
    with _LOCK:
        running, key = server(gguf, context, answer)
        return str(running.listening_address), key
