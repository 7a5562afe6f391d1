"""The door: every request passes here before Gradio sees it.

Gradio serves many apps, so it opens more than this page needs: uploads, files, links to a stored state, functions by name, other
people's conversations to whoever knows their name. What the page and the API use is listed here; nothing else gets in.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs, urlencode, urlsplit

from rag.web import routes, visitors
from rag.web.limits import Attempts
from rag.web.posted import MOST_BYTES_OF_ONE, Once, Reader, Receive, Refused, drain, dumped, parsed
from rag.web.sent import Said, Send, giving, refuse, same_site, whole
from rag.web.uploads import Uploads

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger(__name__)

_POST_KEYS = ("data", "session_hash", "fn_index", "trigger_id", "event_data", "event_id", "simple_format")
_COMPONENT_KEYS = ("data", "session_hash", "component_id", "fn_name")
_LOCAL = ("localhost", "127.0.0.1", "::1")
_PRIVATE = 401, "This page is private; log in first."
_ELSEWHERE = 403, "Another site sent this request; open Lodestar's own page."


class Gradio(Protocol):
    """What the door asks of Gradio's side."""

    def logged_in(self, cookies: Mapping[str, str]) -> bool: ...

    def kind(self, number: object) -> str:
        """Of the function with that number: "" there is none, "at once", "queued", or "saved" where it reads all conversations."""
        ...

    def takes_files(self, number: object) -> bool:
        """Whether that function is given what was uploaded."""
        ...

    def answers(self, component: object, name: object) -> bool:
        """Whether that component of the page has a function of that name for the page."""
        ...

    def session_of(self, event: str) -> str:
        """The conversation that an answer under way belongs to; "" where none is."""
        ...

    def refusal(self, session: str) -> str:
        """Why no further question may wait, or ""."""
        ...

    def answered(self, session: str) -> None:
        """A listener of that conversation has gone."""
        ...


class Hosts(NamedTuple):
    """The names under which the page may be opened; `anyone`: any, because it is open to more than this machine."""

    names: frozenset[str]
    anyone: bool

    def knows(self, host: str) -> bool:
        return self.anyone or _name(host) in self.names or _name(host) in _LOCAL


class Door:
    """ASGI middleware, the outermost but for the headers."""

    def __init__(self, app: App, gradio: Gradio, hosts: Hosts, uploads: Uploads, *, private: bool) -> None:
        self.app = app
        self.gradio = gradio
        self.hosts = hosts
        self.uploads = uploads
        self.private = private
        self.attempts = Attempts()
        self._reader = Reader()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            read, said = Once(receive), Said(send)
            try:
                await self._pass(scope, read, said)
            except Refused as refused:
                await drain(scope, read)
                await refuse(refused, send)
            except Exception as error:
                # Gradio fails over much that no page would send. Left to go on, it would also cut the connection.
                _log.warning("A request could not be answered: %s", type(error).__name__)
                if not said.anything:
                    await refuse(Refused(500, "Lodestar could not make sense of this request."), send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        path, method = scope["path"].rstrip("/") or "/", scope["method"]
        scope["path"] = path
        self._check_origin(headers)
        routes.check(method, path)
        cookies = visitors.cookies(headers.get("cookie", ""))
        address = (scope.get("client") or ("", 0))[0]
        if path == "/login":
            await self._log_in(scope, receive, send, headers, address)
            return
        known = path in routes.FOR_ALL or path.startswith(routes.FOR_ALL_BELOW)
        if self.private and not known and not self.gradio.logged_in(cookies):
            raise Refused(*_PRIVATE)
        secret = cookies.get(visitors.COOKIE, "")
        visitor = visitors.visitor(secret, address)
        if path in routes.PAGES:
            scope["query_string"] = b""  # `deep_link` would show a state that somebody had stored
            if not visitors.is_secret(secret):
                send = giving(visitors.new_cookie(https=scope.get("scheme") == "https"), send)
        elif path == routes.DATA:
            asked = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])
            session = _session(visitor, asked[0])
            scope["query_string"] = urlencode({"session_hash": session}).encode()
            try:
                await self.app(scope, receive, send)
            finally:
                self.gradio.answered(session)
            return
        elif path.startswith(f"{routes.HEARTBEAT}/"):
            path = f"{routes.HEARTBEAT}/{_session(visitor, path.removeprefix(f'{routes.HEARTBEAT}/'))}"
            scope["path"], scope["raw_path"] = path, path.encode()
        elif path.startswith(f"{routes.CALL}/"):
            session = self.gradio.session_of(path.removeprefix(f"{routes.CALL}/"))
            if not visitor.owns(session):
                raise Refused(404, "No answer of yours is under way by that name.")
            try:
                await self.app(scope, receive, send)
            finally:
                self.gradio.answered(session)
            return
        elif path == routes.UPLOAD:
            with self.uploads.let_in(headers, receive) as counted:
                await self.app(scope, counted, send)
            return
        elif path == routes.UPLOADING:
            self.uploads.check(headers)
        elif method == "POST":
            receive = await self._read(scope, receive, headers, path, visitor)
        await self.app(scope, receive, send)

    def _check_origin(self, headers: Mapping[str, str]) -> None:
        """No page from elsewhere reaches the app of this machine, or a visitor's conversation with that visitor's cookies."""
        host = headers.get("host", "")
        if not self.hosts.knows(host):
            raise Refused(
                403,
                f"Lodestar is not open under this name; open it as localhost, or name {_shown(host)} in RAG_HOST_NAMES.",
            )
        origin = headers.get("origin")
        own = (host, headers.get("x-forwarded-host", host))
        if (
            origin is not None
            and urlsplit(origin).netloc not in own
            and _name(urlsplit(origin).netloc) not in self.hosts.names
        ):
            raise Refused(*_ELSEWHERE)

    async def _log_in(
        self, scope: Scope, receive: Receive, send: Send, headers: Mapping[str, str], address: str
    ) -> None:
        if not self.private:
            raise Refused(*routes.CLOSED)
        here = address in _LOCAL and _name(headers.get("host", "")) in _LOCAL
        who = f"{address} {'here' if here else 'away'}"
        wait = self.attempts.wait(who, here=here)
        if wait:
            sentence = f"Too many wrong passwords; please try again in {wait} seconds."
            raise Refused(429, sentence, **{"retry-after": str(wait)})
        body = await self._reader.read(receive, headers.get("content-length", ""), most=10_000)

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                if message["status"] == 200:
                    self.attempts.was_right(who)
                message = {**message, "headers": [same_site(name, value) for name, value in message["headers"]]}
            await send(message)

        await self.app(scope, whole(body, receive), sending)

    async def _read(
        self, scope: Scope, receive: Receive, headers: Mapping[str, str], path: str, visitor: visitors.Visitor
    ) -> Receive:
        """The body, checked, with the conversation's name made the visitor's own."""
        raw = await self._reader.read(receive, headers.get("content-length", ""))
        found = parsed(raw, files=self.gradio.takes_files)
        posted = {name: value for name, value in found.items() if name in _POST_KEYS}
        if path == routes.COMPONENT:
            posted = {name: found.get(name) for name in _COMPONENT_KEYS}
            if not self.gradio.answers(posted["component_id"], posted["fn_name"]):
                raise Refused(404, "The page has no such function.")
        if path == routes.CALL:
            posted.pop("fn_index", None)
            posted.setdefault("session_hash", visitors.new_name())
        if path in (routes.RUN, routes.JOIN):
            kind = self.gradio.kind(posted.get("fn_index"))
            if kind not in (("queued",) if path == routes.JOIN else ("at once", "saved")):
                raise Refused(404, "The page has no such function.")
            if kind != "saved" and len(raw) > MOST_BYTES_OF_ONE:
                raise Refused(413, "This conversation is too long; please begin a new one.")
        if path == routes.CANCEL and not visitor.owns(self.gradio.session_of(str(posted.get("event_id")))):
            posted["event_id"] = ""
        if posted.get("session_hash") is not None:
            posted["session_hash"] = _session(visitor, posted["session_hash"])
        if path in (routes.JOIN, routes.CALL) and (sentence := self.gradio.refusal(posted.get("session_hash") or "")):
            raise Refused(429, sentence, **{"retry-after": "10"})
        body = dumped(posted)
        kept = [(name, value) for name, value in scope["headers"] if name not in (b"content-length", b"content-type")]
        length = (b"content-length", str(len(body)).encode())
        scope["headers"] = [*kept, (b"content-type", b"application/json"), length]
        return whole(body, receive)


def _session(visitor: visitors.Visitor, name: object) -> str:
    if not isinstance(name, str) or not visitors.is_name(name):
        raise Refused(400, "The session_hash must be up to 100 letters, digits or dashes.")
    return visitor.session(name)


def _name(host: str) -> str:
    """The name in "name:port", in lower case."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _shown(host: str) -> str:
    return "".join(letter for letter in _name(host)[:60] if letter.isalnum() or letter in ".-") or "its name"
