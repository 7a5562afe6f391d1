"""Another origin, which notes whatever asks it for anything, and an eye on a page that must ask nobody but its own app."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Sink:
    """A server on a loopback port; `hits` are the requests that reached it."""

    def __init__(self) -> None:
        hits: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hits.append(f"{self.command} {self.path}")
                self.send_response(200)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()

            do_POST = do_HEAD = do_OPTIONS = do_GET  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                """`hits` is the log."""

        self.hits = hits
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()


_WATCH = """() => {
    window.refused = [];
    document.addEventListener("securitypolicyviolation", e => window.refused.push(`${e.effectiveDirective} ${e.blockedURI}`));
}"""
# What stands in a conversation or panel and may not: anything that loads, and links to anywhere but our own places.
_ACTIVE = """() => {
    const within = ["#chat .message-wrap", "#panel", "#saved-list", "#choices", "[role=option]"].map(place => `${place} *`).join();
    const loads = `img, picture, source, video, audio, track, iframe, object, embed, form, link, meta, base, style, script, area,
        image, use, math, portal, .mermaid, .md input, #panel input`;
    const addresses = new Set(["title", "data-label", "aria-label", "data-value", "value"]);
    return [...document.querySelectorAll(within)].filter(element => {
        const attributes = [...element.attributes].filter(attribute => !addresses.has(attribute.name));
        const acts = attributes.some(({name, value}) => name.startsWith("on") || /url\\(|script:|http:/i.test(value));
        const ours = /^#(s\\d+-\\d+|turn-\\d+)$/.test(element.getAttribute("href"));
        const xmlns = element.namespaceURI.endsWith("svg") && element.closest("button, label, .wrap, .md-link-icon");
        return !xmlns && (acts || (element.matches("a[href]") && !ours) || element.matches(loads));
    }).map(element => element.outerHTML.slice(0, 300));
}"""


class Watched:
    """A visitor whose page is looked at from outside."""

    def __init__(self, visitor: Any) -> None:
        self.visitor = visitor
        self.dialogs: list[str] = []
        visitor.page.on("dialog", self._dialog)
        visitor.page.evaluate(_WATCH)

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    @property
    def refused(self) -> list[str]:
        """What the policy had to stop."""
        return list(self.visitor.page.evaluate("window.refused"))

    def is_quiet(self, sink: Sink, *, saved_by_policy: bool = False) -> None:
        """Assert that nothing was loaded, sent, run or linked; without `saved_by_policy` not even tried."""
        page = self.visitor.page
        page.wait_for_timeout(300)
        assert sink.hits == []
        assert page.title() == "Lodestar"
        assert page.url.startswith(self.visitor.url)
        assert page.evaluate("window.owned") is None
        assert self.dialogs == []
        active = page.evaluate(_ACTIVE)
        assert not active, active
        assert self.visitor.broken == []
        assert len(page.context.pages) == 1
        if not saved_by_policy:
            assert self.visitor.foreign == []
            assert self.refused == []
