"""The tab Index: documents looked at and added, an ingest while somebody chats, back and forward, and closed to strangers."""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.app import App

QUOKKA = b"# Wombat register\n\n## Badge\n\nThe badge number of the wombat Zebedee is 77123, issued in Launceston."
QUESTION = "What is the badge number of the wombat Zebedee?"


@pytest.fixture(scope="module")
def place(workspace: Path) -> Path:
    """A knowledge base and an index that these tests may change."""
    copy = workspace / "own"
    for name in ("knowledge-base", "vector_db"):
        shutil.copytree(workspace / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def kept(start: Callable[..., App], place: Path) -> App:
    return start(
        "--knowledge-base", str(place / "knowledge-base"), "--index", str(place / "vector_db"), RAG_LLM="extractive"
    )


def open_index(visitor: Any) -> Any:
    page = visitor.page
    page.get_by_role("tab", name="Index").click()
    page.locator("table.documents").wait_for()
    page.wait_for_timeout(500)  # Gradio binds a textbox a moment after it is drawn
    return page


def choose(page: Any, *files: tuple[str, bytes]) -> str:
    """Choose files to add; what is said about them is returned."""
    page.locator("#index-said div[role=status]").evaluate("status => status.replaceChildren()")
    payload = [{"name": name, "mimeType": "text/markdown", "buffer": content} for name, content in files]
    page.locator("#adding input[type=file]").set_input_files(payload)
    page.wait_for_function("() => document.querySelector('#index-said p')")
    return str(page.locator("#index-said [role=status]").inner_text())


def into(page: Any, doc_type: str) -> None:
    page.locator("#into input").fill(doc_type)
    page.keyboard.press("Tab")
    page.wait_for_timeout(300)


def ingest(page: Any) -> None:
    page.locator("#ingest").click()
    page.locator("#progress progress").wait_for()


def ingested(page: Any) -> str:
    page.wait_for_function(
        "() => document.querySelector('#progress p') && !document.querySelector('#progress progress')"
    )
    return str(page.locator("#progress").inner_text())


def ask(visitor: Any, question: str) -> str:
    visitor.page.get_by_role("tab", name="Chat").click()
    return str(visitor.ask(question))


def test_documents_are_found_and_opened_by_keyboard(kept: App, visit: Any) -> None:
    visitor = visit(kept)
    page = open_index(visitor)
    assert "from 5 documents" in page.locator("#index-summary").inner_text()
    page.locator("#find textarea, #find input").first.fill("quokka")
    page.wait_for_function("() => document.querySelectorAll('table.documents tbody tr').length === 1")
    page.locator("table.documents button").focus()
    page.keyboard.press("Enter")
    page.locator(".document .cut").first.wait_for()
    page.wait_for_function("() => document.activeElement.matches('.document h3')")
    assert "seven biscuits" in page.locator(".document").inner_text()
    assert page.locator(".document :is(img, script, a)").count() == 0
    page.get_by_role("button", name="All documents").press("Enter")
    page.locator("table.documents").wait_for()
    assert page.locator("table.documents tbody tr").count() == 1
    assert visitor.foreign == visitor.broken == []


def test_a_document_is_added_and_found_while_the_chat_goes_on_and_taken_back(
    kept: App, visit: Any, place: Path
) -> None:
    visitor, other = visit(kept), visit(kept)
    page = open_index(visitor)
    into(page, "zoo register")
    said = choose(page, ("Q&A of wombats.md", QUOKKA), ("picture.md", b"\x89PNG\0"), ("notes.txt", b"text"))
    assert "Added zoo register/Q&A of wombats.md" in said
    assert "picture.md was not added: it holds NUL bytes" in said
    assert (place / "knowledge-base/zoo register/Q&A of wombats.md").read_bytes() == QUOKKA
    page.get_by_text("1 file added").wait_for()

    assert "77123" not in ask(other, QUESTION)
    ingest(page)
    assert "door to door" in other.ask("What counts as a journey?")
    watching = open_index(visit(kept))
    page.close()
    assert "1 added" in ingested(watching)
    watching.locator("#kept").get_by_text("zoo register/Q&A of wombats.md").wait_for()
    assert "77123" in other.ask(QUESTION)
    assert other.page.locator("#chat").get_by_text("The index has changed since your last question").count() == 1

    def publish(way: str) -> None:
        watching.get_by_role("button", name=way).click()
        watching.get_by_text("From the next question on").wait_for()
        watching.wait_for_function("() => document.activeElement.id === 'confirm-no'")
        watching.locator("#confirm-yes").click()
        watching.get_by_text("Answers now come from").wait_for()

    publish("Go back to it")
    watching.get_by_role("button", name="Go forward to it").wait_for()
    assert "77123" not in other.ask(QUESTION)
    publish("Go forward to it")
    watching.get_by_role("button", name="Go back to it").wait_for()
    assert "77123" in other.ask(QUESTION)


def test_what_exists_is_replaced_after_a_word_and_removed_into_the_trash(kept: App, visit: Any, place: Path) -> None:
    file = place / "knowledge-base/policies/travel.md"
    before = file.read_bytes()
    page = open_index(visit(kept))
    into(page, "policies")
    page.locator("#adding input[type=file]").set_input_files(
        [{"name": "travel.md", "mimeType": "text/markdown", "buffer": b"# Travel\n\nBy sledge."}]
    )
    page.get_by_text("travel.md is in").wait_for()
    page.locator("#confirm-no").click()
    page.locator("#confirm").wait_for(state="hidden")
    assert file.read_bytes() == before
    page.locator("#adding input[type=file]").set_input_files(
        [{"name": "travel.md", "mimeType": "text/markdown", "buffer": b"# Travel\n\nBy sledge."}]
    )
    page.locator("#confirm-yes").click()
    page.get_by_text("Added policies/travel.md").wait_for()
    assert file.read_bytes() == b"# Travel\n\nBy sledge."
    page.locator("[data-document='policies/travel.md']").click()
    page.get_by_role("button", name="Remove").click()
    page.get_by_text("hidden folder .trash").wait_for()
    page.locator("#confirm-yes").click()
    page.get_by_text("policies/travel.md is now .trash/").wait_for()
    assert not file.exists()
    assert len(list((place / "knowledge-base/.trash").iterdir())) == 1


def test_a_file_that_is_too_large_does_not_arrive(kept: App, visit: Any, place: Path) -> None:
    page = open_index(visit(kept))
    page.locator("#adding input[type=file]").set_input_files(
        [{"name": "large.md", "mimeType": "text/markdown", "buffer": b"word " * 1_100_000}]
    )
    page.get_by_text("maximum allowed size").first.wait_for()
    assert not list((place / "knowledge-base").rglob("large.md"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_sticks_out(kept: App, visit: Any, scheme: str) -> None:
    visitor = visit(kept, phone=True)
    visitor.page.emulate_media(color_scheme=scheme)
    page = open_index(visitor)
    for _ in range(2):
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("(e => e.scrollWidth <= e.clientWidth)(document.querySelector('#room-index'))")
        page.locator("table.documents button").first.click()
        page.locator(".document .cut").first.wait_for()
        page.get_by_role("button", name="All documents").click()
        page.locator("table.documents").wait_for()


def test_where_it_is_off_nothing_can_be_changed_by_number_either(start: Any, visit: Any, place: Path) -> None:
    app = start(
        "--knowledge-base", str(place / "knowledge-base"), "--index", str(place / "vector_db"), RAG_LLM="extractive", RAG_MANAGE="off"
    )  # fmt: skip
    before = sorted(path.name for path in (place / "knowledge-base").rglob("*"))
    published = (place / "vector_db/CURRENT").read_text()
    page = open_index(visit(app))
    assert "switched off here (RAG_MANAGE=off)" in page.locator("#index-closed").inner_text()
    assert not page.locator("#keeping").is_visible()
    assert page.locator("[data-publish]").count() == 0
    page.locator("table.documents button").first.click()
    page.locator(".document .cut").first.wait_for()
    assert page.locator("[data-remove]").count() == 0
    config = json.load(urllib.request.urlopen(f"{app.url}/config"))
    elements = {part["id"]: part["props"].get("elem_id") for part in config["components"]}
    ids = {name: number for number, name in elements.items()}
    tried = 0
    generation = published.strip()
    older = sorted(path.name for path in (place / "vector_db").glob("gen-*") if path.name != generation)
    values: dict[str, Any] = {
        "upload": [{"path": "/etc/hostname", "orig_name": "a.md", "meta": {"_type": "gradio.FileData"}}]
    }
    for event in config["dependencies"]:
        if not {target for target, _ in event["targets"]} & {
            ids[name] for name in ("upload", "ingest", "confirm-yes", "documents", "kept")
        }:
            continue
        body = {
            "data": [values.get(elements.get(number) or "", "zoo") for number in event["inputs"]],
            "event_data": {"remove": "policies/journeys.md", "publish": (older or [""])[0]},
            "fn_index": event["id"],
            "session_hash": "stranger",
        }
        request = urllib.request.Request(
            f"{app.url}/gradio_api/run/predict", json.dumps(body).encode(), {"content-type": "application/json"}
        )
        try:
            urllib.request.urlopen(request).close()
        except urllib.error.HTTPError as error:
            error.close()
        tried += 1
    assert tried >= 5
    assert sorted(path.name for path in (place / "knowledge-base").rglob("*")) == before
    assert (place / "vector_db/CURRENT").read_text() == published
    assert not page.locator("#progress progress").is_visible()
