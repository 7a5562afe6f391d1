"""What can be done with an answer: see what it lacks, ask on, say that it is wrong, take it along."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.browser.app import DOCUMENTS, ROOT, environment
from tests.doubles.replies import Says
from tests.doubles.scripted import ScriptedEndpoint

TERM = "When does the Meridian Freight agreement end?"


def wrong(messages: Any) -> str:
    return "The Meridian Freight agreement ends on 30 June 2029 [1]. It renews for twelve months [1]."


def test_a_wrong_date_is_marked_with_the_reason_and_the_rest_is_not(
    modelled: Any, endpoint: ScriptedEndpoint, visit: Any
) -> None:
    endpoint.script = wrong
    visitor = visit(modelled)
    visitor.ask(TERM)
    doubts = visitor.page.locator("#chat .doubt")
    assert doubts.count() == 1
    assert "2029" in doubts.inner_text()
    assert "30 June 2027" in doubts.get_attribute("title")
    endpoint.script = lambda messages: "It ends on 30 June 2027 [1]."
    assert "2027" in visitor.ask("And once more?")
    assert visitor.answers.last.locator(".doubt").count() == 0
    assert 'class="doubt' not in endpoint.chats[-1].text, "a mark is no part of the conversation"


def test_two_documents_that_disagree_are_shown_to(start: Any, visit: Any, tmp_path: Path) -> None:
    fee = (
        "# {}\n\n## Port of Invergair\n\nThe monthly fee of the Port of Invergair agreement is {}, due on the first.\n"
    )
    for source, text in {
        "contracts/invergair.md": fee.format("The agreement", "£4,200"),
        "meetings/june.md": fee.format("Notes of June", "£4,500"),
        "policies/travel.md": DOCUMENTS["policies/travel.md"],
    }.items():
        (tmp_path / "kb" / source).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "kb" / source).write_text(text, "utf-8")
    where = ["--knowledge-base", str(tmp_path / "kb"), "--index", str(tmp_path / "index")]
    done = subprocess.run(
        [sys.executable, "-m", "rag.ingest", *where], env=environment(PYTHONPATH=str(ROOT)), capture_output=True
    )
    assert done.returncode == 0, done.stderr
    visitor = visit(start(*where, RAG_LLM="extractive"))
    assert "£4,200" in visitor.ask("What is the monthly fee of the Port of Invergair agreement?")
    doubt = visitor.page.locator("#chat .doubt.disputed").first
    why = doubt.get_attribute("title")
    assert why.startswith("Sources disagree: ")
    assert all(said in why for said in ("contracts/invergair.md says 4,200", "meetings/june.md says 4,500"))
    assert visitor.page.locator("#panel").get_by_role("heading", name="Sources disagree").count() == 1


def test_a_suggestion_is_asked(quoting: Any, visit: Any) -> None:
    visitor = visit(quoting)
    visitor.ask("How do employees travel by train?")
    suggestion = visitor.page.locator("#chat .options .option").first
    words = suggestion.inner_text().strip()
    suggestion.click()
    visitor.settled(2)
    assert visitor.questions[-1] == words


def test_what_the_model_proposes_stands_first(modelled: Any, endpoint: ScriptedEndpoint, visit: Any) -> None:
    proposed = threading.Event()
    question = "How long is the notice of the Meridian Freight agreement?"

    def suggests(messages: Any) -> str:
        threading.Timer(2, proposed.set).start()  # the answer ends a while after
        return f"1. {question}\n2. See http://evil.example/?\n"

    endpoint.script = lambda messages: Says("It ends on 30 June 2027 [1].", gate=proposed)
    endpoint.suggests = suggests
    visitor = visit(modelled)
    visitor.ask(TERM)
    endpoint.suggests = lambda messages: ""
    options = visitor.page.locator("#chat .options .option")
    assert options.first.inner_text().strip() == question
    assert "evil" not in " ".join(options.all_inner_texts())


@pytest.fixture
def keeping(start: Any, tmp_path: Path) -> tuple[Any, Path]:
    """An app that keeps feedback in a file of its own."""
    path = tmp_path / "feedback.jsonl"
    return start(RAG_LLM="extractive", RAG_FEEDBACK=str(path)), path


def kept(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def test_a_thumb_down_asks_for_the_document_and_keeps_the_question(keeping: Any, visit: Any) -> None:
    app, path = keeping
    visitor = visit(app)
    visitor.ask(TERM)
    visitor.page.get_by_label("Dislike").click()
    card = visitor.page.get_by_role("dialog", name="Which document holds the answer?")
    card.wait_for()
    visitor.page.wait_for_function("document.activeElement?.id === 'right-document'")
    assert card.locator("input").input_value() == "", "nothing is chosen until somebody chooses"
    card.get_by_role("button", name="Keep the question").click()
    visitor.page.get_by_text("Choose one of the documents").wait_for()
    card.get_by_role("button", name="Cancel").click()
    card.wait_for(state="hidden")
    visitor.page.get_by_label("Dislike", exact=True).wait_for()
    visitor.page.wait_for_function("document.activeElement?.ariaLabel === 'Dislike'")
    visitor.page.wait_for_timeout(500)
    visitor.page.keyboard.press("Enter")
    card.wait_for()
    visitor.page.wait_for_function("document.activeElement?.id === 'right-document'")
    visitor.page.keyboard.press("Escape")
    card.wait_for(state="hidden")
    visitor.page.get_by_label("Dislike", exact=True).wait_for()
    assert kept(path) == []
    visitor.ask("How do employees travel by train?")
    visitor.page.get_by_label("Dislike").last.click()
    card.locator("input").click()
    visitor.page.get_by_role("option", name="policies/journeys.md").click()
    card.get_by_role("button", name="Keep the question").click()
    card.wait_for(state="hidden")
    assert kept(path) == [
        {"question": "How do employees travel by train?", "sources": ["policies/journeys.md"], "category": "feedback"}
    ]


def test_a_thumb_down_takes_the_place_of_a_thumb_up(keeping: Any, visit: Any) -> None:
    app, path = keeping
    visitor = visit(app)
    visitor.ask(TERM)
    visitor.page.get_by_label("Like", exact=True).click()
    visitor.page.get_by_text("The question is kept").wait_for()
    visitor.page.get_by_label("Dislike").click()
    visitor.page.get_by_role("button", name="None of them").click()
    visitor.page.locator("#right-document").wait_for(state="hidden")
    assert kept(path) == [{"question": TERM, "category": "unanswerable"}]
    assert visitor.page.get_by_label("Disliked").count() == 1


def test_a_thumb_up_keeps_the_question_with_what_it_cites(keeping: Any, visit: Any) -> None:
    app, path = keeping
    visitor = visit(app)
    typed = TERM.replace("agreement", "agreemnt")
    visitor.ask(typed)
    visitor.page.get_by_label("Like", exact=True).click()
    visitor.page.get_by_text("The question is kept").wait_for()
    (line,) = kept(path)
    assert line["question"] == typed, "as it was typed, though it is searched with its spelling put right"
    assert "contracts/meridian-freight.md" in line["sources"]


def test_a_conversation_is_saved_with_its_passages(quoting: Any, visit: Any) -> None:
    visitor = visit(quoting)
    visitor.ask(TERM)
    with visitor.page.expect_download() as saved:
        visitor.page.get_by_role("button", name="Save as Markdown").click()
    text = Path(saved.value.path()).read_text("utf-8")
    assert saved.value.suggested_filename.endswith(".md")
    assert f"## {TERM}" in text
    assert "(`contracts/meridian-freight.md`)" in text
    assert "> " in text


@pytest.mark.parametrize("phone", [False, True])
def test_first_sight_says_what_there_is_and_how_to_connect_a_model(quoting: Any, visit: Any, phone: bool) -> None:
    visitor = visit(quoting, phone=phone)
    said = visitor.page.locator("#chat .placeholder").inner_text()
    assert "Contracts" in said
    assert "Policies" in said
    assert "Look for models" in said
    button = visitor.page.locator("#look-again")
    assert button.inner_text() == "Look for models"
    assert button.evaluate("button => parseFloat(getComputedStyle(button).fontSize)") >= 12, "its words are in sight"


def test_a_look_for_models_says_what_it_found(modelled: Any, visit: Any) -> None:
    page = visit(modelled).page
    page.locator("#look-again").click()
    page.get_by_text("to choose from:").wait_for()
