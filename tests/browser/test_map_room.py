"""The tab Map: a picture of the passages that can be read, turned, listed, and that shows where a conversation has been."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

TRAINS = "How do employees travel by train?"
MERIDIAN = "When does the Meridian Freight agreement end?"

# Where a chunk stands on the screen, by its place among the chunks that a question found.
_SPOT = """([question, chunk]) => {
    const { drawing } = window.lodestarMap, box = drawing.canvas.getBoundingClientRect();
    const { point } = drawing.questions[question].chunks[chunk];
    return [box.x + drawing.sx[point], box.y + drawing.sy[point]];
}"""
_PIN = """(question) => {
    const { drawing } = window.lodestarMap, box = drawing.canvas.getBoundingClientRect();
    const { at } = drawing.questions[question];
    return [box.x + at[0], box.y + at[1] - 15];
}"""
# How many pixels are of the colour of a kind of document.
_DRAWN = """(kind) => {
    const { drawing } = window.lodestarMap, { canvas } = drawing;
    const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    probe.fillStyle = drawing.colour(`--kind-${kind}`);
    probe.fillRect(0, 0, 1, 1);
    const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let count = 0;
    for (let n = 0; n < data.length; n += 4)
        count += data[n + 3] > 180 && Math.abs(data[n] - r) + Math.abs(data[n + 1] - g) + Math.abs(data[n + 2] - b) < 80;
    return count;
}"""


def open_map(visitor: Any, questions: int = 0) -> Any:
    """Go to the map and wait until it is as it will stay."""
    page = visitor.page
    page.get_by_role("tab", name="Map").click()
    page.wait_for_function(
        """(questions) => document.querySelector(".map progress")?.hidden && window.lodestarMap.drawing.frames.drawn
            && document.querySelector(".map-state").textContent.includes("passage")
            && window.lodestarMap.drawing.questions.length === questions""",
        arg=questions,
    )
    page.wait_for_timeout(1200)  # the points are on their way to where they belong
    return page


def test_a_point_leads_to_its_passage(quoting: Any, visit: Callable[..., Any]) -> None:
    visitor = visit(quoting)
    visitor.ask(TRAINS)
    page = open_map(visitor, 1)
    legend = page.locator(".map-legend button span").all_inner_texts()
    assert legend == ["Contracts", "Employees", "Policies"]
    spot = page.evaluate(_SPOT, [0, 0])
    page.mouse.move(*spot)
    page.locator(".map-glimpse").wait_for()
    assert "first class by train" in page.locator(".map-glimpse").inner_text()
    page.mouse.click(*spot)
    passage = page.locator(".map-panel .source")
    passage.wait_for()
    assert "first class by train" in passage.inner_text()
    assert passage.locator(".path").inner_text() == "policies/travel.md"
    assert passage.locator(".doc-type").inner_text() == "Policies"
    assert visitor.foreign == []
    assert visitor.broken == []


def test_a_conversation_leaves_a_trail(quoting: Any, visit: Callable[..., Any]) -> None:
    visitor = visit(quoting)
    open_map(visitor)
    page = visitor.page
    assert page.locator(".map-questions").count() == 0
    page.get_by_role("tab", name="Chat").click()
    visitor.ask(TRAINS)
    visitor.ask(MERIDIAN)
    open_map(visitor, 2)
    assert [text.split("\n")[-1] for text in page.locator(".map-questions button").all_inner_texts()] == [
        TRAINS,
        MERIDIAN,
    ]
    pin = page.evaluate(_PIN, 1)
    page.mouse.move(*pin)
    page.locator(".map-glimpse").wait_for()
    assert MERIDIAN in page.locator(".map-glimpse").inner_text()
    assert "30 June 2027" in page.locator(".map-glimpse").inner_text()
    page.mouse.click(*pin)
    page.get_by_role("heading", name="Question 2").wait_for()
    found = page.locator(".map-found button")
    assert "Meridian Freight agreement" in found.first.inner_text()
    assert "cited" in found.first.inner_text()
    assert page.evaluate("window.lodestarMap.drawing.lit().size") == found.count()
    found.first.click()
    assert "30 June 2027" in page.locator(".map-panel .source").inner_text()
    page.get_by_role("tab", name="Chat").click()
    page.locator("#new-chat").click()
    open_map(visitor, 0)


def test_an_answer_that_ends_while_the_map_is_open_joins_the_trail(quoting: Any, visit: Callable[..., Any]) -> None:
    visitor = visit(quoting)
    open_map(visitor)
    visitor.page.get_by_role("tab", name="Chat").click()
    visitor.send(TRAINS)
    open_map(visitor, 1)


def test_three_dimensions_turn(quoting: Any, visit: Callable[..., Any]) -> None:
    visitor = visit(quoting)
    page = open_map(visitor)
    page.get_by_role("button", name="3-D").click()
    places = "[...window.lodestarMap.drawing.sx].concat([...window.lodestarMap.drawing.sy])"
    page.wait_for_timeout(300)
    before = page.evaluate(places)
    box = page.locator(".map-stage canvas").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 120, middle[1] + 60, steps=6)
    page.mouse.up()
    page.wait_for_timeout(300)
    turned = page.evaluate(places)
    moves = {round(after - earlier) for earlier, after in zip(before, turned, strict=True)}
    assert len(moves) > 2, "a turn moves near and far points differently; a shift would not"
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(300)
    assert page.evaluate(places) != turned
    page.get_by_role("button", name="Show all").click()
    page.wait_for_timeout(300)
    assert page.evaluate(places) == pytest.approx(before, abs=0.5)


def test_the_keyboard_is_enough(quoting: Any, visit: Callable[..., Any]) -> None:
    visitor = visit(quoting)
    page = open_map(visitor)
    page.locator(".map-stage canvas").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.map-said').textContent")
    first = page.locator(".map-said").inner_text()
    chosen = page.evaluate("window.lodestarMap.drawing.hovered")
    for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
        if page.evaluate("window.lodestarMap.drawing.hovered") != chosen:
            break
    page.wait_for_function("first => document.querySelector('.map-said').textContent !== first", arg=first)
    assert page.evaluate("window.lodestarMap.drawing.hovered") not in (chosen, -1)
    page.keyboard.press("Enter")
    page.locator(".map-panel .source").wait_for()
    assert page.evaluate("document.activeElement.className") == "source"
    page.get_by_role("button", name="List").click()
    page.locator(".map-list summary", has_text="Employees").focus()
    page.keyboard.press("Enter")
    page.locator(".map-list details[open] li button").first.focus()
    page.keyboard.press("Enter")
    page.get_by_text("has her desk in Bergen").wait_for()
    assert visitor.broken == []


def test_kinds_are_switched_off_and_colours_follow_the_dark(quoting: Any, visit: Callable[..., Any]) -> None:
    visitor = visit(quoting)
    page = open_map(visitor)
    assert page.evaluate(_DRAWN, 2) > 0
    policies = page.locator(".map-legend button", has_text="Policies")
    policies.click()
    page.mouse.move(5, 5)
    page.wait_for_timeout(300)
    assert policies.get_attribute("aria-pressed") == "false"
    assert page.evaluate(_DRAWN, 2) == 0
    policies.click()
    light = page.evaluate("window.lodestarMap.drawing.colour('--kind-2')")
    page.evaluate("document.body.classList.add('dark')")
    page.wait_for_timeout(300)
    assert page.evaluate("window.lodestarMap.drawing.colour('--kind-2')") != light
    assert page.evaluate(_DRAWN, 2) > 0


def test_a_phone(quoting: Any, visit: Callable[..., Any]) -> None:
    visitor = visit(quoting, phone=True)
    visitor.ask(TRAINS)
    page = open_map(visitor, 1)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    legend = page.locator(".map-legend").bounding_box()
    assert legend["y"] + legend["height"] <= 844
    panel = page.locator(".map-panel")
    assert not panel.is_visible()
    page.get_by_role("button", name="Questions (1)").click()
    page.locator(".map-questions button").click()
    page.locator(".map-found button").first.click()
    page.locator(".map-panel .source").wait_for()
    assert "first class by train" in panel.inner_text()
    panel.get_by_label("Close").click()
    panel.wait_for(state="hidden")
    page.touchscreen.tap(*page.evaluate(_PIN, 0))
    page.get_by_role("heading", name="Question 1").wait_for()


def test_hostile_documents_stay_text_on_the_map(quoting: Any, visit: Callable[..., Any]) -> None:
    visitor = visit(quoting)
    visitor.ask("What is the quokka allowance?")
    page = open_map(visitor, 1)
    page.mouse.move(*page.evaluate(_SPOT, [0, 0]))
    page.locator(".map-glimpse").wait_for()
    page.mouse.click(*page.evaluate(_SPOT, [0, 0]))
    page.locator(".map-panel .source").wait_for()
    assert "<script>" in page.locator(".map-panel").inner_text()
    assert page.locator(".map img, .map script, .map a").count() == 0
    assert page.title() == "Lodestar"
    assert visitor.foreign == []
