"""Asking, and seeing what the answer rests on."""

from __future__ import annotations

import threading
from typing import Any

from tests.browser.app import DOCUMENTS
from tests.doubles.replies import Says


def test_an_answer_streams_in(modelled: Any, endpoint: Any, visit: Any) -> None:
    rest = threading.Event()
    endpoint.script = lambda messages: Says("Certainly: trains are first class [1].", gate=rest)
    visitor = visit(modelled)
    visitor.send("How do employees travel by train?")
    visitor.page.get_by_text("Certainly:").wait_for()
    assert visitor.answers.last.inner_text().strip() == "Certainly:"
    assert visitor.page.locator("#question .stop-button").is_visible()
    rest.set()
    visitor.settled(1, "How do employees travel by train?")
    assert visitor.answers.last.inner_text().strip() == "Certainly: trains are first class [1]."


def test_sources_show_the_words_that_prove_the_answer(quoting: Any, visit: Any) -> None:
    visitor = visit(quoting)
    answer = visitor.ask("When does the Meridian Freight agreement end?")
    assert "30 June 2027" in answer
    assert "[1]" in answer
    first = visitor.page.locator("#s1-1")
    assert "Meridian Freight agreement" in first.locator("h3").inner_text()
    assert first.locator(".doc-type").inner_text() == "Contracts"
    assert first.locator(".path").inner_text() == "contracts/meridian-freight.md"
    assert 0 < float(first.locator(".score").inner_text()) <= 1
    marked = " ".join(first.locator("mark").all_inner_texts())
    assert "30 June 2027" in marked
    assert marked.replace(" ", "") in DOCUMENTS["contracts/meridian-freight.md"].replace("*", "").replace(" ", "")
    numbers = [int(text) for text in visitor.page.locator("#panel .turn.shown .source .n").all_inner_texts()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_number_leads_to_its_passage(modelled: Any, endpoint: Any, visit: Any) -> None:
    endpoint.script = lambda messages: "Trains are first class [2]. The rest is elsewhere [1], and here [3]."
    visitor = visit(modelled)
    visitor.ask("How do employees travel by train?")
    visitor.page.locator("#chat a[href='#s1-3']").first.click()
    target = visitor.page.locator("#s1-3")
    assert "flash" in target.get_attribute("class")
    visitor.page.wait_for_timeout(600)
    panel, box = visitor.page.locator("#panel").bounding_box(), target.bounding_box()
    assert panel["y"] <= box["y"] < panel["y"] + panel["height"]
    assert visitor.page.evaluate("document.activeElement.id") == "s1-3"


def test_an_older_answers_numbers_lead_to_its_own_sources(quoting: Any, visit: Any) -> None:
    visitor = visit(quoting)
    visitor.ask("When does the Meridian Freight agreement end?")
    visitor.ask("How do employees travel by train?")
    shown = visitor.page.locator("#panel .turn.shown .path")
    assert shown.first.inner_text() == "policies/travel.md"
    visitor.page.locator("#chat a[href='#s1-1']").first.click()
    assert shown.first.inner_text() == "contracts/meridian-freight.md"
    visitor.page.get_by_label("Sources of the next answer").locator("visible=true").click()
    assert shown.first.inner_text() == "policies/travel.md"


def test_a_follow_up_is_understood(quoting: Any, visit: Any) -> None:
    visitor = visit(quoting)
    visitor.ask("Who is Ingrid Solheim?")
    answer = visitor.ask("When did she join?")
    assert "May 2021" in answer
    assert "employees/ingrid-solheim.md" in visitor.page.locator("#panel .turn.shown .path").all_inner_texts()


def test_a_model_is_told_the_conversation(modelled: Any, endpoint: Any, visit: Any) -> None:
    visitor = visit(modelled)
    visitor.ask("Who owns the Meridian Freight account?")
    answer = visitor.ask("And when did she join?")
    assert "Your first question was: Who owns the Meridian Freight account?" in answer
    history = [message for message in endpoint.chats[-1].messages if message["role"] != "system"]
    assert history[0]["content"] == "Who owns the Meridian Freight account?"
    assert "](#" not in str(history), "our links never reach the model"
    assert len(history) == 3


def test_the_filter_keeps_to_its_documents(quoting: Any, visit: Any) -> None:
    visitor = visit(quoting)
    visitor.page.locator("#doc-type input").click()
    options = visitor.page.get_by_role("option").all_inner_texts()
    assert [option.strip().removeprefix("✓").strip() for option in options] == [
        "All documents",
        "Contracts (1)",
        "Employees (1)",
        "Policies (3)",
    ]
    visitor.page.get_by_role("option", name="Employees").click()
    visitor.ask("Who owns the Meridian Freight account?")
    kinds = visitor.page.locator("#panel .turn.shown .source .doc-type").all_inner_texts()
    assert kinds
    assert set(kinds) == {"Employees"}


def test_an_unanswerable_question_is_refused_calmly(quoting: Any, visit: Any) -> None:
    visitor = visit(quoting)
    answer = visitor.ask("What is the boiling point of tungsten?")
    assert "don't know" in answer.lower() or "do not know" in answer.lower()
    assert visitor.page.locator("#chat a[href^='#s']").count() == 0
    assert "answers this" in visitor.page.locator("#panel .none").inner_text()


def test_how_an_answer_was_found(modelled: Any, endpoint: Any, visit: Any) -> None:
    visitor = visit(modelled)
    visitor.ask("Who owns the Meridian Freight account?")
    visitor.ask("And when did she join?")
    found = visitor.page.locator("#panel .turn.shown .found")
    assert not found.locator("pre").is_visible()
    found.locator("summary").click()
    text = found.inner_text()
    for expected in ("Searched for", "First word after", "Whole answer", "Rank", "Exact prompt", "gen-"):
        assert expected in text
    assert "And when did she join?" in found.locator("pre").inner_text()


def test_copying_an_answer_carries_its_sources(quoting: Any, visit: Any, browser: Any) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    try:
        visitor = visit(quoting, context=context)
        visitor.ask("How do employees travel by train?")
        visitor.page.locator("#chat .message-buttons-left").get_by_label("Copy").first.click()
        copied = visitor.page.evaluate("navigator.clipboard.readText()")
    finally:
        context.close()
    assert "](#" not in copied
    assert copied.rstrip().splitlines()[-1].startswith("[")
    assert "[1] policies/travel.md" in copied


def test_hostile_documents_stay_text(quoting: Any, visit: Any) -> None:
    visitor = visit(quoting)
    answer = visitor.ask("What is the quokka allowance?")
    assert "seven biscuits" in answer
    assert "<script>" in visitor.page.locator("#panel .turn.shown").inner_text()
    assert visitor.page.title() == "Lodestar"
    assert visitor.page.locator("#panel img, #chat img, #panel script").count() == 0
    assert visitor.page.locator("#panel a[href^='http']").count() == 0
    assert visitor.foreign == []


def test_a_hostile_model_loads_nothing(modelled: Any, endpoint: Any, visit: Any) -> None:
    text = (
        "`![a](http://foreign.example/a.png)` ` \n ![b](http://foreign.example/b.png) "
        '<img src="http://foreign.example/c.png"> <script>document.title="owned"</script> [x]: http://foreign.example/d [1]'
    )
    endpoint.script = lambda messages: text
    visitor = visit(modelled)
    visitor.ask("How do employees travel by train?")
    visitor.page.wait_for_timeout(500)
    assert visitor.page.title() == "Lodestar"
    assert visitor.page.locator("#chat img").count() == 0
    assert visitor.foreign == []
