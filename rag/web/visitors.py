"""Whose conversation it is.

Gradio keeps a conversation under a name that the browser makes up, with some 50 bits of chance and in plain sight of every
script; whoever knows the name has the conversation. Here each browser gets a secret cookie that no script can read, and the
name under which Gradio keeps a conversation begins with a hash of that cookie. To anybody else the same name is another,
empty conversation. Nothing has to be kept for that, so it outlives a restart.

A program that keeps no cookies is known by its address instead.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple

COOKIE = "lodestar-visitor"
_A_YEAR = 365 * 24 * 3600
_SECRET = re.compile(r"[\w-]{32,64}", re.ASCII)
_NAME = re.compile(r"[\w.:-]{1,100}", re.ASCII)
_BY_COOKIE, _BY_ADDRESS = "c", "a"


class Visitor(NamedTuple):
    """Who sent a request, as far as that can be known."""

    key: str
    """Stands for the cookie, or else for the address. No secret: neither can be had from it."""

    def session(self, name: str) -> str:
        """The name under which Gradio keeps this visitor's conversation `name`."""
        return f"{self.key}-{name}"

    def owns(self, session: str) -> bool:
        return session.startswith(f"{self.key}-")


def cookies(header: str) -> dict[str, str]:
    """The cookies of a request; none where the header is broken."""
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}


def visitor(secret: str, address: str) -> Visitor:
    """The visitor with this cookie; one without, or with one that was never given out, goes by the address."""
    kind, known = (_BY_COOKIE, secret) if _SECRET.fullmatch(secret) else (_BY_ADDRESS, address)
    return Visitor(kind + hashlib.sha256(f"{kind} {known}".encode()).hexdigest()[:32])


def is_name(name: object) -> bool:
    """Whether a browser or a program may call a conversation that."""
    return isinstance(name, str) and bool(_NAME.fullmatch(name))


def is_secret(value: str) -> bool:
    return bool(_SECRET.fullmatch(value))


def new_name() -> str:
    """A name for the conversation of a program that gave none."""
    return secrets.token_hex(16)


def new_cookie(*, https: bool) -> str:
    """The Set-Cookie header for a browser that comes for the first time."""
    parts = [f"{COOKIE}={secrets.token_urlsafe(32)}", "Path=/", f"Max-Age={_A_YEAR}", "HttpOnly", "SameSite=Lax"]
    return "; ".join([*parts, "Secure"] if https else parts)


def asks_as(session: str) -> str:
    """Who a question counts for: the browser; of programs behind one address, each conversation by itself."""
    return session.partition("-")[0] if session.startswith(_BY_COOKIE) else session
