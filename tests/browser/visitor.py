"""Somebody at the page, in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.browser.app import FLAGS


@contextmanager
def launched(chromium: str) -> Iterator[Any]:
    """A browser. While it is open, its thread runs an event loop and cannot run another."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


class Visitor:
    """Somebody at the page."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.page.set_default_timeout(90_000)  # a busy machine is no fault of the page
        self.url = url
        self.foreign: list[str] = []
        self.broken: list[str] = []
        page.on("request", self._seen)
        page.on("pageerror", lambda error: self.broken.append(str(error)))
        self.open()

    def _seen(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.foreign.append(request.url)

    def open(self) -> None:
        self.page.goto(self.url)
        self.page.locator("#question textarea").wait_for()
        self.page.locator("#chat .placeholder h1").wait_for()

    def send(self, question: str) -> None:
        """Type and send, without waiting for the answer."""
        self.page.locator("#question textarea").fill(question)
        self.page.keyboard.press("Enter")

    def ask(self, question: str) -> str:
        """Ask, wait until the answer is complete and its sources stand in the panel, and give its text."""
        before = self.answers.count()
        self.send(question)
        self.settled(before + 1, question)
        return str(self.answers.last.inner_text())

    def settled(self, count: int, question: str = "") -> None:
        """Wait until `count` answers are complete. The page saves a finished answer, then the panel follows."""
        self.page.wait_for_function(
            """([count, question]) => {
                const said = document.querySelectorAll("#chat .bot.message:not(.pending)").length;
                const asked = [...document.querySelectorAll("#panel .turn .asked")].map(e => e.textContent);
                return said === count && document.querySelector("#question .submit-button")
                    && (!question || asked.at(-1) === question);
            }""",
            arg=[count, question],
            timeout=90_000,
        )

    @property
    def answers(self) -> Any:
        return self.page.locator("#chat .bot.message:not(.pending)")

    @property
    def questions(self) -> list[str]:
        return [text.strip() for text in self.page.locator("#chat .user.message").all_inner_texts()]

    def has_saved(self, count: int) -> None:
        """Wait until the list of saved conversations has `count` rows; it follows the panel by a moment."""
        self.page.wait_for_function("n => document.querySelectorAll('#saved-list td').length === n", arg=count)

    @property
    def sources(self) -> Any:
        """The sources in sight."""
        return self.page.locator("#panel .turn.shown .source")
