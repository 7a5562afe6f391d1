"""From a built page to a listening server: who may enter, what the browser may load, and what is said on the terminal."""

from __future__ import annotations

import contextlib
import gc
import os
import secrets
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

from rag.config import Settings
from rag.keeping.allowed import refusal
from rag.keeping.files import MOST_BYTES, MOST_TOGETHER
from rag.keeping.keeper import Keeper
from rag.schema import SettingsError
from rag.web.door import Door, Hosts
from rag.web.needs import Assistant
from rag.web.uploads import Uploads

# The page comes whole from this process. The browser is told so, and then nothing that a document or a model says can
# make it load an image, a script or a form target from anywhere else.
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; script-src-attr 'none'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'self'; frame-ancestors 'self'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode("ascii")),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"x-robots-tag", b"noindex"),
    (b"x-dns-prefetch-control", b"off"),
]
_AT_ONCE = 512  # events; by Gradio's own limit, 40, the next visitor waits until one of them has its answer whole
_SESSIONS = 500  # pages open and programs that are remembered here; a page whose turn it was to go brings its conversation along
_SHORTEST = 12  # characters of a public link's password: at 30 attempts a minute nobody guesses those
_LOCAL = ("127.0.0.1", "localhost", "::1")
_GRADIOS_OWN = ("GRADIO_TEMP_DIR", "GRADIO_ROOT_PATH", "GRADIO_SHARE_SERVER_ADDRESS")

Password = Callable[[str, str], bool]


class OwnFilesOnly:
    """ASGI middleware that sends the policy with each answer; it touches headers only, so streaming stays streaming."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_with_policy(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *_HEADERS]}
            await send(message)

        await self.app(scope, receive, send_with_policy if scope["type"] == "http" else send)


def login(settings: Settings) -> tuple[tuple[str, str] | None, bool]:
    """The user and password to ask for, and whether they were made up here. A public link is never without.

    Raises SettingsError for a password that is too short for a public link.
    """
    user, _, password = settings.auth.get_secret_value().partition(":")
    if password:
        if settings.share and len(password) < _SHORTEST:
            raise SettingsError(
                f"The password in RAG_AUTH is too short for a public link; take {_SHORTEST} characters or more, "
                "or leave it out and one is made up."
            )
        return (user, password), False
    if settings.share:
        return ("lodestar", secrets.token_urlsafe(12)), True
    return None, False


def checks(auth: tuple[str, str]) -> Password:
    """Whether a user and a password are these; it takes as long to say no as to say yes."""

    def right(user: str, password: str) -> bool:
        same = [secrets.compare_digest(a.encode(), b.encode()) for a, b in zip((user, password), auth, strict=True)]
        return all(same)

    return right


def hosts(settings: Settings) -> Hosts:
    """A page that only this machine reaches opens under this machine's names; a site of another name in the browser may
    lead here all the same, and would read the documents."""
    names = [name.strip().lower() for name in settings.host_names.split(",") if name.strip()]
    return Hosts(frozenset([settings.host.lower(), *names]), anyone=settings.share or settings.host not in _LOCAL)


def serve(assistant: Assistant, settings: Settings) -> None:
    """Open the page and stay until stopped. Raises SettingsError when it cannot listen where it should."""
    gc.disable()  # until all that stays for good is there: to look through it again and again takes a tenth of the start
    settings = without_gradios_own(settings)
    auth, made_up = login(settings)
    os.environ.update(GRADIO_ANALYTICS_ENABLED="False", HF_HUB_DISABLE_TELEMETRY="1", DO_NOT_TRACK="1")
    # After every event Gradio makes a table, with pandas, of the last 10,000, for a monitoring page that is off here.
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(10**9)
    _reach_itself()
    from rag.web.gradio_import import import_gradio

    import_gradio()
    warming = threading.Thread(target=_warm_up, args=(assistant,), daemon=True)
    warming.start()

    from rag.web import theme
    from rag.web.gradio_side import GradioSide
    from rag.web.page import build
    from rag.web.sessions import remember_only_values

    remember_only_values()
    keeper = Keeper(settings)
    page = build(assistant, keeper)
    door_hosts = hosts(settings)
    uploads = Uploads(lambda host: refusal(settings, host), MOST_TOGETHER)

    @contextlib.asynccontextmanager
    async def behind_the_door(app: Any) -> AsyncIterator[None]:
        # Here and not among the middleware: Gradio puts its own before that, and the errors of both would pass it by.
        door = Door(app.middleware_stack, GradioSide(page), door_hosts, uploads, private=auth is not None)
        app.middleware_stack = OwnFilesOnly(door)
        yield

    try:
        _, local_url, share_url = page.launch(
            server_name=settings.host,
            server_port=settings.port or None,
            share=settings.share,
            auth=checks(auth) if auth else None,
            auth_message="<b>Lodestar</b><br>This page is private. After ten wrong passwords it waits a minute.",
            theme=theme.theme(),
            head=theme.head(),
            favicon_path=theme.STAR,
            app_kwargs={"lifespan": behind_the_door},
            state_session_capacity=_SESSIONS,
            footer_links=[],
            max_file_size="1kb" if settings.manage == "off" else MOST_BYTES,
            max_threads=_AT_ONCE,
            run_history=False,
            enable_monitoring=False,
            mcp_server=False,
            ssr_mode=False,
            pwa=False,
            inline=False,
            ssl_verify=False,  # it is asked for on this machine, without TLS; no certificates need be read for that
            quiet=True,
            prevent_thread_lock=True,
        )
    except OSError:
        raise SettingsError(
            f"Port {settings.port} on {settings.host} is not free; choose another one with --port."
        ) from None
    # For a shared page Gradio's template would have the browser fetch the whole front end from a host of theirs.
    page.share = False
    _announce(settings, local_url, share_url, auth if made_up else None)
    with contextlib.suppress(KeyboardInterrupt):
        warming.join()
        gc.freeze()
        gc.enable()
        threading.Event().wait()
    page.close(verbose=False)


def _announce(settings: Settings, local_url: str, share_url: str | None, made_up: tuple[str, str] | None) -> None:
    print(f"Lodestar is open at {share_url or local_url}", flush=True)
    if made_up:
        print(f"User: {made_up[0]}   Password: {made_up[1]}", flush=True)
    elif settings.host not in _LOCAL and not settings.auth.get_secret_value():
        print(
            "Anyone who reaches this address can read the documents; --auth USER:PASSWORD asks for a password.",
            flush=True,
        )
    if settings.share and not share_url:
        print(
            "The public link could not be made (it needs the internet); the page is open on this machine only.",
            flush=True,
        )
    print("Ctrl-C stops it.", flush=True)


def _warm_up(assistant: Assistant) -> None:
    # Whatever is wrong here is wrong again at the first question, and is told there, to the person who asked.
    with contextlib.suppress(Exception):
        assistant.warm_up()


def without_gradios_own(settings: Settings) -> Settings:
    """The settings with GRADIO_SHARE read as --share. Gradio's other variables would open what is closed here: they go."""
    share = settings.share or os.environ.get("GRADIO_SHARE", "").strip().lower() in ("true", "1", "yes")
    for name in [name for name in os.environ if name.startswith("GRADIO_") and name not in _GRADIOS_OWN]:
        del os.environ[name]
    return settings.model_copy(update={"share": share})


def _reach_itself() -> None:
    """Gradio looks at its own address before it starts; a proxy setting must not send that outside."""
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in os.environ.get(name, "").split(",") if host]
        os.environ[name] = ",".join(dict.fromkeys([*hosts, *_LOCAL]))
