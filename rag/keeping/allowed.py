"""Who may change documents and index from the page: whoever sits at this machine, unless the settings say otherwise."""

from __future__ import annotations

from urllib.parse import urlsplit

from rag.config import Settings
from rag.schema import LodestarError

_LOCAL = ("127.0.0.1", "localhost", "::1")


class NotAllowed(LodestarError):
    """Somebody wants to change what may not be changed from where they are."""


def refusal(settings: Settings, host: str) -> str:
    """Why nothing can be changed from a page that was opened under the address `host`, in a sentence; "" where it can.

    `host` is what the browser says it opened: a tunnel or a proxy in front of a page of this machine shows itself there.
    """
    if settings.manage == "on":
        return ""
    if settings.manage == "off":
        return "Adding documents and ingesting from the page are switched off here (RAG_MANAGE=off)."
    if settings.share:
        return "This is a public link, so documents cannot be added or ingested from it; RAG_MANAGE=on allows it."
    if settings.host not in _LOCAL or _name(host) not in _LOCAL:
        return (
            "This page is open to other machines, so documents cannot be added or ingested from it; "
            "RAG_MANAGE=on allows it."
        )
    return ""


def check(settings: Settings, host: str) -> None:
    """Raises NotAllowed with the sentence of `refusal`."""
    if sentence := refusal(settings, host):
        raise NotAllowed(sentence)


def _name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".").lower()
    except ValueError:
        return ""
