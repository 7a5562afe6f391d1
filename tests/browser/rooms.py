"""The rooms of the page, one after another, each in all the states that a visitor can bring about without changing anything."""

from __future__ import annotations

from collections.abc import Iterator

from tests.browser.visitor import Visitor

ROOMS = ("Chat", "Map", "Quality", "Index")


def enter(visitor: Visitor, room: str) -> None:
    """Go to a room, and wait until it shows what it has."""
    page = visitor.page
    page.locator("#rooms > .tab-wrapper").get_by_role("tab", name=room, exact=True).click()
    page.locator(f"#room-{room.lower()}").wait_for()
    if room == "Map":
        page.wait_for_function(
            "document.querySelector('.map progress')?.hidden && window.lodestarMap.drawing.frames.drawn"
        )
    elif room == "Index":
        page.locator("table.documents").wait_for()
    page.wait_for_timeout(600)  # Gradio draws what an event brings a moment after it came


def states(visitor: Visitor, room: str, *, phone: bool = False) -> Iterator[str]:
    """Enter a room and go through what it can show; each state is named, and stands while the loop's body runs."""
    enter(visitor, room)
    yield room
    yield from {"Chat": _chat, "Map": _map, "Quality": _quality, "Index": _index}[room](visitor, phone)


def _chat(visitor: Visitor, phone: bool) -> Iterator[str]:
    page = visitor.page
    if phone:
        page.locator(".brand [data-open=saved]").tap()
        page.wait_for_timeout(300)
        yield "saved conversations"
        page.keyboard.press("Escape")
        page.locator(".brand [data-open=sources]").tap()
        page.wait_for_timeout(300)
        yield "sources"
    page.locator("#panel .turn.shown details.found > summary").click()
    page.locator("#panel .turn.shown .found table").wait_for()
    yield "how it was found"
    page.locator("#panel .turn.shown details.found > summary").click()
    page.keyboard.press("Escape")


def _map(visitor: Visitor, phone: bool) -> Iterator[str]:
    page = visitor.page
    page.locator(".map-views [data-view=deep]").click()
    page.wait_for_timeout(300)
    yield "map in 3-D"
    page.locator(".map-views [data-view=list]").click()
    page.locator(".map-list summary").first.click()
    page.wait_for_timeout(300)
    yield "passages as a list"
    page.locator(".map-list li button").first.click()
    page.locator(".map-panel .source").wait_for()
    page.wait_for_timeout(300)
    yield "passage of the map"
    page.keyboard.press("Escape")
    page.locator(".map-views [data-view=flat]").click()


def _quality(visitor: Visitor, phone: bool) -> Iterator[str]:
    page = visitor.page
    for tab in page.locator("#room-quality [role=tab]").all():
        tab.click()
        page.wait_for_timeout(300)
        question = page.locator("#room-quality").get_by_label("Question", exact=True).locator("visible=true")
        if question.count():
            question.first.fill("When does the Meridian Freight agreement end?")
            page.keyboard.press("Enter")
            page.locator("#room-quality .score").first.wait_for()
        yield f"quality: {tab.inner_text()}"


def _index(visitor: Visitor, phone: bool) -> Iterator[str]:
    page = visitor.page
    page.locator("table.documents button").first.click()
    page.locator(".document .cut").first.wait_for()
    yield "document"
    page.get_by_role("button", name="All documents").click()
    page.locator("table.documents").wait_for()
