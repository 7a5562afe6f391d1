"""A source opened as the document it is from, and what is in doubt said where no pointer hovers."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.app import ROOT, environment

MERIDIAN = "When does the Meridian Freight agreement end?"
WRONG = "The Meridian Freight agreement ends on 30 June 2031 [1]."
# Whether the marked words are inside what can be seen of the text.
_IN_SIGHT = """() => {
    const view = document.querySelector(".reader-text").getBoundingClientRect();
    return [...document.querySelectorAll(".reader mark")].some((mark) => {
        const box = mark.getBoundingClientRect();
        return box.height && box.top >= view.top && box.bottom <= view.bottom && box.right <= innerWidth;
    });
}"""
_FOCUS = "document.activeElement.className"


def opened(visitor: Any, n: int = 0) -> Any:
    visitor.sources.nth(n).get_by_role("button", name="Open document").click()
    visitor.page.locator(".reader .page").wait_for()
    return visitor.page.locator(".reader")


def test_a_source_opens_at_its_place(quoting: Any, visit: Callable[..., Any]) -> None:
    visitor = visit(quoting)
    visitor.ask(MERIDIAN)
    marked = visitor.sources.first.locator("mark").all_inner_texts()
    reader = opened(visitor)
    assert reader.locator("h2").inner_text() == "Meridian Freight agreement"
    assert reader.locator(".doc-type").inner_text() == "Contracts"
    assert reader.locator(".path").inner_text() == "contracts/meridian-freight.md"
    assert reader.locator("mark").all_inner_texts() == marked
    assert "30 June 2027" in " ".join(marked)
    assert visitor.page.evaluate(_IN_SIGHT)
    assert "6,900 EUR" in reader.inner_text(), "the rest of the document is there too"
    assert reader.locator(".page h4").all_inner_texts() == ["Term", "Fees"]
    assert visitor.broken == []


def test_the_keyboard_is_enough(quoting: Any, visit: Callable[..., Any]) -> None:
    visitor = visit(quoting)
    visitor.ask(MERIDIAN)
    page = visitor.page
    for closing in ("Escape", "Close"):
        page.locator("#panel .turn.shown .read").first.focus()
        page.keyboard.press("Enter")
        page.locator(".reader .cited").wait_for()
        page.wait_for_function(f"{_FOCUS} === 'cited'")
        if closing == "Escape":
            page.keyboard.press("Escape")
        else:
            page.get_by_role("button", name="Close the document").focus()
            page.keyboard.press("Enter")
        page.locator(".reader").wait_for(state="hidden")
        assert page.evaluate(_FOCUS) == "read"
    dialog = page.get_by_role("dialog", name="Meridian Freight agreement")
    page.keyboard.press("Enter")
    dialog.wait_for()


def test_a_phone(quoting: Any, visit: Callable[..., Any]) -> None:
    visitor = visit(quoting, phone=True)
    visitor.ask(MERIDIAN)
    page = visitor.page
    page.locator(".brand [data-open='sources']").click()
    reader = opened(visitor)
    box = reader.bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)
    assert page.evaluate(_IN_SIGHT)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate("(e => e.scrollWidth - e.clientWidth)(document.querySelector('.reader-text'))") == 0
    page.keyboard.press("Escape")
    reader.wait_for(state="hidden")
    assert page.evaluate("document.body.dataset.drawer") == "sources", "the drawer below it stays"
    assert page.evaluate(_FOCUS) == "read"


def test_the_dark(quoting: Any, visit: Callable[..., Any]) -> None:
    visitor = visit(quoting)
    visitor.ask(MERIDIAN)
    page = visitor.page
    page.evaluate("document.body.classList.add('dark')")
    opened(visitor)
    colours = page.evaluate(
        """() => ["color", "backgroundColor"].map((name) =>
            getComputedStyle(document.querySelector(name === "color" ? ".reader .page p" : ".reader"))[name])"""
    )
    letters, ground = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in colours)
    assert letters > 500 > 150 > ground


def test_a_hostile_document_loads_nothing(quoting: Any, visit: Callable[..., Any]) -> None:
    visitor = visit(quoting)
    visitor.ask("What is the quokka allowance?")
    reader = opened(visitor)
    visitor.page.wait_for_timeout(500)
    assert "<script>" in reader.inner_text()
    assert reader.locator("img, script, a, iframe, form").count() == 0
    assert visitor.page.title() == "Lodestar"
    assert visitor.foreign == []


def ingest(folder: Path, text: str) -> None:
    path = folder / "kb" / "rules" / "long.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "rag.ingest", "--knowledge-base", "kb", "--index", "index"]
    env = environment(PYTHONPATH=str(ROOT), RAG_CHUNK_SIZE="64")
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_a_long_document_shows_more_and_a_changed_one_says_so(
    start: Callable[..., Any], visit: Callable[..., Any], tmp_path: Path
) -> None:
    filler = (
        "Nothing of note is kept on this shelf, and whoever looks for something had better go on to the next one. " * 2
    )
    parts = [f"## Shelf {n}\n\n{filler}" for n in range(150)]
    parts[75] = "## Shelf 75\n\nThe zirconium key of the lighthouse hangs on shelf 75 behind the lamp."
    text = "# The store\n\n" + "\n\n".join(parts)
    ingest(tmp_path, text)
    app = start("--index", str(tmp_path / "index"), RAG_LLM="extractive", RAG_CHUNK_SIZE="64")
    visitor = visit(app)
    visitor.ask("Where does the zirconium key of the lighthouse hang?")
    reader = opened(visitor)
    page = visitor.page
    assert page.evaluate(_IN_SIGHT)
    assert reader.locator(".page h4", has_text=re.compile("^Shelf 0$")).count() == 0
    top = "document.querySelector('.reader mark').getBoundingClientRect().top"
    before = page.evaluate(top)
    page.evaluate("document.querySelector(\"[data-more='before']\").click()")
    page.wait_for_function("document.querySelectorAll('.reader .page').length === 2")
    assert abs(page.evaluate(top) - before) < 2, "what is being read stays where it is"
    for way in ("above", "below"):
        button = reader.get_by_role("button", name=f"Show more {way}")
        while button.is_visible():
            count = reader.locator(".page").count()
            button.click()
            page.wait_for_function("n => document.querySelectorAll('.reader .page').length > n", arg=count)
    shelves = [text for text in reader.locator(".page h4").all_inner_texts() if text.startswith("Shelf")]
    assert shelves == [f"Shelf {n}" for n in range(150)]
    page.keyboard.press("Escape")
    ingest(tmp_path, text.replace("behind the lamp", "under the lamp"))
    opened(visitor)
    page.get_by_text("This document has changed since the answer").wait_for()
    assert "under the lamp" in reader.inner_text()
    assert reader.locator("mark").count() == 0


def test_doubts_are_listed(modelled: Any, endpoint: Any, visit: Callable[..., Any]) -> None:
    endpoint.script = lambda messages: WRONG
    visitor = visit(modelled)
    visitor.ask(MERIDIAN)
    shown = visitor.page.locator("#panel .turn.shown .doubts")
    assert shown.locator("h3").all_inner_texts() == ["Not borne out by the sources"]
    assert "ends on 30 June 2031." in shown.locator("q").inner_text()
    why = shown.locator(".why").inner_text()
    assert why
    assert visitor.page.locator("#chat .doubt").first.get_attribute("title") == why


def test_a_doubt_opens_the_drawer_at_its_reason(modelled: Any, endpoint: Any, visit: Callable[..., Any]) -> None:
    visitor = visit(modelled, phone=True)
    page = visitor.page
    endpoint.script = lambda messages: WRONG
    visitor.ask(MERIDIAN)
    endpoint.script = lambda messages: "Trains are first class [1]."
    visitor.ask("How do employees travel by train?")
    assert page.locator("#panel .turn.shown").get_attribute("id") == "turn-2"
    page.locator("#chat .doubt").first.tap()
    page.locator("#turn-1 .doubts").wait_for()
    assert page.evaluate("document.body.dataset.drawer") == "sources"
    page.wait_for_function("document.activeElement.closest?.('#doubts-1 li')")
    box = page.locator("#doubts-1 .why").bounding_box()
    assert 0 <= box["y"] <= 844 - box["height"]


@pytest.mark.parametrize("drawer", ["sources", "saved"])
def test_a_drawer_has_the_keyboard_until_it_is_closed(quoting: Any, visit: Callable[..., Any], drawer: str) -> None:
    visitor = visit(quoting, phone=True)
    visitor.ask(MERIDIAN)
    page = visitor.page
    holder = {"sources": "#panel", "saved": "#saved"}[drawer]
    button = page.locator(f".brand [data-open='{drawer}']")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("holder => document.activeElement.closest(holder)", arg=holder)
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "holder => document.activeElement === document.body ? 'browser' : !!document.activeElement.closest(holder)",
                holder,
            )
        )
    assert True in reached
    assert False not in reached, "what lies below is out of reach"
    page.keyboard.press("Escape")
    page.wait_for_function("drawer => document.activeElement.dataset.open === drawer", arg=drawer)
    page.locator("#question textarea").focus()
    assert page.evaluate("document.activeElement.matches('#question textarea')")


def test_a_drawer_does_not_outlive_the_phone(quoting: Any, visit: Callable[..., Any]) -> None:
    visitor = visit(quoting, phone=True)
    page = visitor.page
    page.locator(".brand [data-open='saved']").tap()
    page.set_viewport_size({"width": 1440, "height": 900})
    page.wait_for_function("!document.body.dataset.drawer && !document.querySelector('#chat').inert")
