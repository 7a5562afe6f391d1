"""The tab Quality: questions measured while somebody chats, better and worse after an ingest, a search taken apart, closed to strangers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.app import ROOT, App, environment

QUESTIONS = [
    {"question": "When does the Meridian Freight agreement end?", "keywords": ["30 June 2027"], "category": "contracts"},
    {"question": "Who owns the Meridian Freight account?", "sources": ["employees/ingrid-solheim.md"], "category": "people"},
    {"question": "What is the badge number of the wombat Zebedee?", "keywords": ["77123"], "category": "animals"},
    {"question": "How many <b>biscuits</b> does a quokka get?", "keywords": ["seven biscuits"], "category": "animals"},
]  # fmt: skip
WOMBAT = "# Wombat register\n\n## Badge\n\nThe badge number of the wombat Zebedee is 77123, issued in Launceston.\n"


@pytest.fixture(scope="module")
def place(workspace: Path) -> Path:
    """A knowledge base, an index and questions that these tests may change."""
    copy = workspace / "measured"
    for name in ("knowledge-base", "vector_db"):
        shutil.copytree(workspace / name, copy / name)
    (copy / "questions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in QUESTIONS))
    return copy


def flags(place: Path) -> list[str]:
    return ["--knowledge-base", str(place / "knowledge-base"), "--index", str(place / "vector_db")]


@pytest.fixture(scope="module")
def measured(start: Callable[..., App], place: Path) -> App:
    return start(*flags(place), RAG_LLM="extractive", RAG_FEEDBACK=str(place / "questions.jsonl"))


def open_quality(visitor: Any) -> Any:
    page = visitor.page
    page.get_by_role("tab", name="Quality").click()
    page.locator("#quality-parts").wait_for()
    page.wait_for_timeout(500)  # Gradio binds a component a moment after it is drawn
    return page


def open_playground(visitor: Any) -> Any:
    page = open_quality(visitor)
    page.get_by_role("tab", name="Playground").click()
    page.locator("#try-question textarea").wait_for()
    page.wait_for_timeout(500)
    return page


def run(page: Any) -> None:
    page.locator("#run-evaluation").click()
    page.locator("#quality-progress progress").wait_for()


def ended(page: Any) -> None:
    page.wait_for_function(
        """() => !document.querySelector("#quality-progress progress") && document.querySelector("#report .figures")"""
    )


def shown(page: Any, which: str, count: int) -> list[str]:
    page.locator("#which-questions").get_by_text(which, exact=True).click()
    page.wait_for_function("n => document.querySelectorAll('#questions details').length === n", arg=count)
    return [text.strip() for text in page.locator("#questions .words").all_inner_texts()]


def test_questions_are_measured_while_somebody_chats_and_after_an_ingest_one_is_better(
    measured: App, visit: Any, place: Path
) -> None:
    visitor, other = visit(measured), visit(measured)
    page = open_quality(visitor)
    assert "Saved from the chat (4 questions)" in page.locator("#question-file input").input_value()
    page.get_by_text("Nothing has been measured yet").wait_for()
    run(page)
    page.get_by_text("Nothing has been measured yet").wait_for(state="hidden")
    assert "door to door" in other.ask("What counts as a journey?")
    page.close()  # a closed tab does not stop it
    page = open_quality(other)
    ended(page)
    figures = page.locator("#report .figures").inner_text()
    for name in ("MRR", "nDCG", "Keywords", "A search"):
        assert name in figures
    assert page.locator("#report .chart svg[role=img]").count() == 2
    assert page.locator("#report .chart svg").first.get_attribute("aria-label").startswith("animals: Lodestar 0.50")
    (missed,) = shown(page, "Missed", 1)
    assert "wombat Zebedee" in missed
    assert shown(page, "Better", 0) == []
    assert "<b>biscuits</b>" in " ".join(shown(page, "All", 4))

    (place / "knowledge-base/animals").mkdir()
    (place / "knowledge-base/animals/wombat.md").write_text(WOMBAT)
    env = environment(PYTHONPATH=str(ROOT), RAG_FEEDBACK=str(place / "questions.jsonl"))
    command = [sys.executable, "-m", "rag.ingest", *flags(place)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "Your saved question finds its document among the first three" in done.stdout

    page = open_quality(visit(measured))
    page.get_by_text("The index has changed since").wait_for()
    page.get_by_text("animals/wombat.md").wait_for()
    run(page)
    ended(page)
    page.get_by_text("1 better, 0 worse, 3 as before").wait_for()
    (better,) = shown(page, "Better", 1)
    assert "wombat Zebedee" in better
    assert "better, was missed" in better
    assert shown(page, "Missed", 0) == []
    assert len(list((place / "vector_db/quality").glob("feedback-*.json"))) == 2


def test_a_question_is_opened_by_keyboard_and_looked_at_in_the_playground(measured: App, visit: Any) -> None:
    visitor = visit(measured)
    page = open_quality(visitor)
    if not page.locator("#report .figures").count():
        run(page)
        ended(page)
    page.locator("#questions summary").first.focus()
    page.keyboard.press("Enter")
    opened = page.locator("#questions details[open]")
    opened.wait_for()
    assert "Meridian" in opened.inner_text()
    assert opened.locator("li.right .score").first.is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('[data-try]')")
    page.keyboard.press("Enter")
    page.locator("#stages .stages").wait_for()
    assert page.locator("#try-question textarea").input_value() == QUESTIONS[0]["question"]
    assert visitor.foreign == visitor.broken == []


def test_the_playground_shows_four_stages_and_opens_a_passage(measured: App, visit: Any) -> None:
    visitor = visit(measured)
    page = open_playground(visitor)
    page.locator("#try-question textarea").fill("How many biscits does a quokka get?")
    page.keyboard.press("Enter")
    page.locator("#stages .stages").wait_for()
    stages = page.locator("#stages .stages > section")
    assert stages.locator("h3").all_inner_texts() == ["Vectors", "BM25", "Fused", "Reranked"]
    assert "How many biscuits does a quokka get?" in page.locator("#stages .searched").inner_text()
    for n in range(4):
        assert " ms" in stages.nth(n).locator(".time").inner_text()
        assert "Quokka policy" in stages.nth(n).locator("li").first.inner_text()
    first = stages.nth(3).locator("summary").first
    first.focus()
    page.keyboard.press("Enter")
    passage = stages.nth(3).locator("details[open] .body")
    passage.wait_for()
    assert "seven biscuits a day" in passage.inner_text()
    assert passage.locator("img, script, a").count() == 0
    page.locator("#try-type input").click()
    page.get_by_role("option", name="Contracts").click()
    page.wait_for_function("() => !document.querySelector('#stages').innerText.includes('Quokka')")
    assert "Meridian" in stages.nth(0).inner_text()
    assert visitor.foreign == visitor.broken == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_sticks_out(measured: App, visit: Any, scheme: str) -> None:
    visitor = visit(measured, phone=True)
    visitor.page.emulate_media(color_scheme=scheme)
    page = open_quality(visitor)

    def fits() -> bool:
        room = page.evaluate("(e => e.scrollWidth <= e.clientWidth)(document.querySelector('#room-quality'))")
        return bool(room and page.evaluate("document.documentElement.scrollWidth <= innerWidth"))

    if not page.locator("#report .figures").count():
        run(page)
        ended(page)
    page.locator("#questions summary").first.click()
    assert fits()
    fills = page.locator("#report .chart .lodestar, #report .chart .track")
    assert len({fills.nth(n).evaluate("e => getComputedStyle(e).fill") for n in (0, 1)}) == 2
    page.get_by_role("tab", name="Playground").click()
    page.locator("#try-question textarea").fill("When does the agreement end?")
    page.locator("#try").click()
    page.locator("#stages .stages").wait_for()
    page.locator("#stages summary").first.click()
    assert fits()
    strip = page.locator("#stages .stages")
    assert strip.evaluate("e => e.scrollWidth > e.clientWidth"), "the stages are a strip of their own"


def test_without_questions_it_says_how_to_make_some(quoting: App, visit: Any) -> None:
    page = open_quality(visit(quoting))
    page.get_by_text("There are no questions to measure with yet").wait_for()
    assert page.locator("#report").inner_text() == ""
    assert not page.locator("#run-evaluation").is_visible()


def test_where_others_reach_the_page_nothing_is_measured_or_told_by_number_either(
    start: Any, visit: Any, place: Path
) -> None:
    app = start(*flags(place), RAG_LLM="extractive", RAG_FEEDBACK=str(place / "questions.jsonl"), RAG_MANAGE="off")
    before = sorted(path.name for path in (place / "vector_db").rglob("*"))
    visitor = visit(app)
    page = open_quality(visitor)
    page.get_by_text("Measuring is switched off here (RAG_MANAGE=off)").wait_for()
    assert not page.locator("#run-evaluation").is_visible()
    config = json.load(urllib.request.urlopen(f"{app.url}/config"))
    ids = {part["id"]: part["props"].get("elem_id") for part in config["components"]}
    ours = {
        "question-file",
        "run-evaluation",
        "stop-evaluation",
        "which-questions",
        "held-against",
        "questions",
        "room-quality",
    }
    tried = 0
    for event in config["dependencies"]:
        if not {ids.get(target) for target, _ in event["targets"]} & ours:
            continue
        body = {
            "data": ["feedback" if ids.get(number) == "question-file" else None for number in event["inputs"]],
            "event_data": {"page": "0"},
            "fn_index": event["id"],
            "session_hash": "stranger",
        }
        request = urllib.request.Request(
            f"{app.url}/gradio_api/run/predict", json.dumps(body).encode(), {"content-type": "application/json"}
        )
        try:
            answer = urllib.request.urlopen(request).read().decode()
        except urllib.error.HTTPError as error:
            answer = error.read().decode()
        assert "Zebedee" not in answer
        tried += 1
    assert tried >= 6
    assert sorted(path.name for path in (place / "vector_db").rglob("*")) == before
    page.get_by_role("tab", name="Playground").click()
    page.locator("#try-question textarea").fill("When does the agreement end?")
    page.locator("#try").click()
    page.locator("#stages .stages").wait_for()  # what can be asked can be looked at
