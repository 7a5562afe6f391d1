"""The screens there are pictures of, and what a visitor does to see each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from docs.screenshots.running import CONTRACT
from tests.browser.rooms import enter
from tests.browser.visitor import Visitor

FOUNDED = "Who founded Tarnfield Instruments, and when?"
FOLLOW_UP = "Where does its name come from?"
UNKNOWN = "What is the boiling point of tungsten?"


@dataclass(frozen=True)
class Screen:
    """`show` brings it about, and fails where it does not come. `app`: which of the running ones; `sizes`: desk, phone."""

    name: str
    show: Callable[[Visitor], None]
    app: str = "quotes"
    sizes: tuple[str, ...] = ("desk", "phone")


def _first(visitor: Visitor) -> None:
    visitor.page.locator("#chat .example").first.wait_for()


def _answer(visitor: Visitor) -> None:
    visitor.ask(FOUNDED)
    visitor.ask(FOLLOW_UP)
    visitor.page.locator("#chat a[href^='#s2-']").first.wait_for()


def _sources(visitor: Visitor) -> None:
    _answer(visitor)
    visitor.page.locator("#chat a[href='#s2-1']").first.tap()
    visitor.page.locator("#s2-1 mark").first.wait_for()
    visitor.page.wait_for_timeout(2_000)  # the flash has faded


def _saved(visitor: Visitor) -> None:
    _answer(visitor)
    visitor.page.locator(".brand [data-open=saved]").tap()
    visitor.page.locator("#saved-list td").first.wait_for()


def _doubt(visitor: Visitor) -> None:
    visitor.ask(CONTRACT)
    visitor.page.locator("#chat .doubt", has_text="2030").wait_for()


def _map(visitor: Visitor) -> None:
    _answer(visitor)
    enter(visitor, "Map")
    # Both are arranged: the line above the map counts the passages, and the trail has its two questions.
    visitor.page.wait_for_function(
        """() => document.querySelector(".map-state").textContent.includes("passage")
            && window.lodestarMap.drawing.questions.length === 2"""
    )
    visitor.page.wait_for_timeout(1_500)  # the points are on their way to where they belong


def _map_deep(visitor: Visitor) -> None:
    _map(visitor)
    visitor.page.locator(".map-views [data-view=deep]").click()
    visitor.page.wait_for_timeout(1_500)


def _quality(visitor: Visitor) -> None:
    enter(visitor, "Quality")
    page = visitor.page
    page.wait_for_function("document.querySelector('#run-evaluation, #report table')")
    if not page.locator("#report table").count():  # the first picture measures; the others find what it found
        page.locator("#run-evaluation").click()
    page.locator("#report table").first.wait_for(timeout=600_000)
    page.wait_for_timeout(800)


def _playground(visitor: Visitor) -> None:
    enter(visitor, "Quality")
    page = visitor.page
    page.locator("#quality-parts").get_by_role("tab", name="Playground").click()
    page.locator("#try-question textarea").fill(FOUNDED)
    page.locator("#try").click()
    page.locator("#stages .score").first.wait_for()


def _index(visitor: Visitor) -> None:
    enter(visitor, "Index")


def _document(visitor: Visitor) -> None:
    enter(visitor, "Index")
    visitor.page.locator("table.documents button").first.click()
    visitor.page.locator(".document .cut").first.wait_for()
    visitor.page.locator("#index").evaluate("(room) => room.closest('.tabitem').scrollTo(0, 0)")


def _refusal(visitor: Visitor) -> None:
    assert "know" in visitor.ask(UNKNOWN)
    assert visitor.page.locator("#chat a[href^='#s']").count() == 0


def _fault(visitor: Visitor) -> None:
    visitor.ask(FOUNDED)
    visitor.page.locator("#chat blockquote", has_text="cannot be reached").wait_for()


SCREENS = (
    Screen("first-sight", _first),
    Screen("answer", _answer),
    Screen("sources", _sources, sizes=("phone",)),
    Screen("saved", _saved, sizes=("phone",)),
    Screen("doubt", _doubt, "model"),
    Screen("map", _map),
    Screen("map-3d", _map_deep),
    Screen("quality", _quality),
    Screen("playground", _playground),
    Screen("index", _index),
    Screen("document", _document),
    Screen("refusal", _refusal),
    Screen("fault", _fault, "down"),
)
