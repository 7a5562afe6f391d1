"""Conversations: apart from each other, changed, saved and found again."""

from __future__ import annotations

import threading
from typing import Any

from tests.browser.app import echo
from tests.doubles.replies import Says

SLOW = "Who looks after the Meridian Freight agreement?"


def test_two_visitors_do_not_see_each_other(modelled: Any, endpoint: Any, visit: Any) -> None:
    one, other = visit(modelled), visit(modelled)
    one.send("Who owns the Meridian Freight account?")
    other.send("How do employees travel by train?")
    one.settled(1, "Who owns the Meridian Freight account?")
    other.settled(1, "How do employees travel by train?")
    answer = one.ask("And when did she join?")
    assert "Your first question was: Who owns the Meridian Freight account?" in answer
    assert one.questions == ["Who owns the Meridian Freight account?", "And when did she join?"]
    assert other.questions == ["How do employees travel by train?"]
    assert "Meridian" not in other.page.locator("#saved").inner_text()
    others = [chat.messages for chat in endpoint.chats if "Question: How do" in chat.text]
    assert [len(messages) for messages in others] == [2], "the system text and the question, no conversation"


def test_visitors_do_not_wait_for_each_other(modelled: Any, endpoint: Any, visit: Any) -> None:
    rest = threading.Event()
    endpoint.script = lambda messages: Says("Slowly, slowly.", gate=rest if SLOW in messages[-1]["content"] else None)
    one, other = visit(modelled), visit(modelled)
    one.send(SLOW)
    one.answers.first.wait_for()
    assert "Slowly, slowly" in other.ask("When does a journey begin?")
    assert one.answers.first.inner_text().strip() == "Slowly,"
    rest.set()
    one.settled(1)


def test_a_saved_conversation_survives_a_reload_and_a_restart(start: Any, visit: Any) -> None:
    app = start(RAG_LLM="extractive")
    visitor = visit(app)
    visitor.ask("When does the Meridian Freight agreement end?")
    visitor.ask("How do employees travel by train?")
    left_open = visit(app)
    left_open.ask("Who is Ingrid Solheim?")
    app.stop()
    start(RAG_LLM="extractive", port=app.port)
    visitor.open()
    assert visitor.questions == []
    visitor.page.locator("#saved-list td").first.click()
    visitor.settled(2, "How do employees travel by train?")
    assert visitor.questions == ["When does the Meridian Freight agreement end?", "How do employees travel by train?"]
    visitor.page.locator("#chat a[href='#s1-1']").first.click()
    assert "30 June 2027" in " ".join(visitor.page.locator("#s1-1 mark").all_inner_texts())
    visitor.ask("When are receipts due?")
    assert len(visitor.questions) == 3
    assert "May 2021" in left_open.ask("When did she join?"), "a page that was open all the time knows its conversation"
    assert left_open.sources.count() > 0
    visitor.has_saved(1)


def test_an_example_asks_and_is_saved(quoting: Any, visit: Any) -> None:
    visitor = visit(quoting)
    example = visitor.page.locator("#chat .example").first
    question = example.inner_text().strip()
    example.click()
    visitor.settled(1, question)
    assert visitor.questions == [question]
    visitor.has_saved(1)


def test_a_new_conversation_forgets(modelled: Any, endpoint: Any, visit: Any) -> None:
    visitor = visit(modelled)
    visitor.ask("Who owns the Meridian Freight account?")
    visitor.page.locator("#new-chat").click()
    visitor.page.locator("#chat .placeholder h1").wait_for()
    visitor.page.locator("#panel .sources-empty").wait_for()
    visitor.ask("How do employees travel by train?")
    assert "Meridian" not in str(endpoint.chats[-1].messages[:-1])
    visitor.has_saved(2)


def test_the_open_conversation_is_marked_among_the_saved_ones(quoting: Any, visit: Any) -> None:
    visitor = visit(quoting)
    page = visitor.page
    marked = page.locator("#saved-list td[aria-current=true]")
    for count, question in enumerate(("How do employees travel by train?", "Who is Ingrid Solheim?"), 1):
        page.locator("#new-chat").click()
        page.locator("#chat .placeholder h1").wait_for()
        page.wait_for_function("!document.querySelector('#saved-list td[aria-current]')")
        visitor.ask(question)
        visitor.has_saved(count)
        marked.wait_for()
        assert marked.inner_text().strip() == question
    page.locator("#saved-list td").last.click()
    page.locator("#saved-list tr:last-child td[aria-current=true]").wait_for()
    assert marked.count() == 1
    visitor.ask("When are receipts due?")
    assert marked.inner_text().strip() == "How do employees travel by train?"


def test_a_conversation_is_deleted_only_when_that_is_confirmed(quoting: Any, visit: Any) -> None:
    visitor = visit(quoting)
    visitor.ask("How do employees travel by train?")
    visitor.has_saved(1)
    asked: list[str] = []
    delete = visitor.page.get_by_role("button", name="Delete this conversation")
    visitor.page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    delete.click()
    visitor.page.wait_for_timeout(400)
    assert asked == ["Delete this conversation? It cannot be brought back."]
    assert visitor.answers.count() == 1
    visitor.has_saved(1)
    visitor.page.once("dialog", lambda dialog: dialog.accept())
    delete.click()
    visitor.page.locator("#chat .placeholder h1").wait_for()
    visitor.has_saved(0)


def test_asking_again_replaces_the_answer(modelled: Any, endpoint: Any, visit: Any) -> None:
    visitor = visit(modelled)
    endpoint.script = lambda messages: "A poor answer [1]."
    visitor.ask("How do employees travel by train?")
    endpoint.script = lambda messages: "A better answer [1]."
    visitor.page.get_by_role("button", name="Retry").click()
    visitor.page.get_by_text("A better answer").wait_for()
    visitor.settled(1, "How do employees travel by train?")
    assert "poor" not in visitor.page.locator("#chat").inner_text()
    visitor.ask("And by ship?")
    assert "poor" not in endpoint.chats[-1].text


def test_taking_back_a_question(modelled: Any, endpoint: Any, visit: Any) -> None:
    visitor = visit(modelled)
    visitor.ask("Who owns the Meridian Freight account?")
    visitor.ask("How do employees travel by train?")
    visitor.page.get_by_role("button", name="Undo").click()
    visitor.settled(1, "Who owns the Meridian Freight account?")
    assert visitor.page.locator("#question textarea").input_value() == "How do employees travel by train?"
    visitor.ask("How are receipts handled?")
    assert "by train" not in str(endpoint.chats[-1].messages[:-1])


def test_editing_a_question_asks_it_anew(modelled: Any, endpoint: Any, visit: Any) -> None:
    visitor = visit(modelled)
    visitor.ask("Who owns the Meridian Freight account?")
    visitor.ask("And when did she join?")
    visitor.page.locator("#chat .user.message").first.hover()
    visitor.page.get_by_label("Edit").first.click()
    visitor.page.locator("#chat .user textarea").fill("How do employees travel by train?")
    visitor.page.get_by_label("Submit").first.click()
    visitor.settled(1, "How do employees travel by train?")
    assert visitor.questions == ["How do employees travel by train?"]
    assert len(endpoint.chats[-1].messages) == 2, "the system text and the question; nothing of what was before"


def test_what_was_typed_is_shown_and_kept_letter_by_letter(modelled: Any, endpoint: Any, visit: Any) -> None:
    typed = "<b>bold</b> <img src=x onerror=alert(1)> [link](http://example.org) **When** is the # &#60; Cup?"
    visitor = visit(modelled)
    requests: list[str] = []
    visitor.page.on("request", lambda request: requests.append(request.url))
    visitor.ask(typed)
    assert visitor.questions == [typed]
    assert typed in endpoint.chats[-1].text.replace("\\", "")
    said = visitor.page.locator("#chat .user.message")
    assert said.locator("b, strong, img, a").count() == 0
    assert not [url for url in requests if url.endswith("/x")], "what was typed loads nothing"
    visitor.page.locator("#saved-list td", has_text="<b>bold</b> <img").wait_for()
    said.hover()
    visitor.page.get_by_label("Edit").first.click()
    box = visitor.page.locator("#chat .user textarea")
    box.wait_for()
    assert box.input_value() == typed
    box.fill(f"{typed} *Now*")
    visitor.page.get_by_label("Submit").first.click()
    visitor.settled(1, f"{typed} *Now*")
    assert visitor.questions == [f"{typed} *Now*"]
    visitor.open()
    visitor.page.locator("#saved-list td").first.click()
    visitor.settled(1, f"{typed} *Now*")
    assert visitor.questions == [f"{typed} *Now*"]
    visitor.page.get_by_role("button", name="Undo").click()
    visitor.page.locator("#chat .placeholder h1").wait_for()
    assert visitor.page.locator("#question textarea").input_value() == f"{typed} *Now*"


def test_stopping_reaches_the_endpoint(modelled: Any, endpoint: Any, visit: Any) -> None:
    endpoint.script = lambda messages: Says("A long story about trains", hang_after=3)
    visitor = visit(modelled)
    visitor.send("How do employees travel by train?")
    visitor.page.get_by_text("A long story").wait_for()
    visitor.page.locator("#question .stop-button").click()
    assert endpoint.chats[-1].gone.wait(90)
    visitor.settled(1)
    assert visitor.answers.first.inner_text().strip() == "A long story"
    endpoint.script = echo
    assert "You asked: And by ship?" in visitor.ask("And by ship?")


def test_closing_the_tab_reaches_the_endpoint(modelled: Any, endpoint: Any, visit: Any) -> None:
    endpoint.script = lambda messages: Says("A long story about trains", hang_after=3)
    visitor = visit(modelled)
    visitor.send("How do employees travel by train?")
    visitor.page.get_by_text("A long story").wait_for()
    visitor.page.close()
    assert endpoint.chats[-1].gone.wait(90)


def test_nothing_and_too_much(modelled: Any, endpoint: Any, visit: Any) -> None:
    visitor = visit(modelled)
    visitor.send("   ")
    visitor.page.wait_for_timeout(400)
    assert visitor.questions == []
    visitor.send("x" * 4_001)
    limit = visitor.page.locator("#too-long")
    limit.wait_for()
    assert limit.inner_text() == "Please keep a question under 4,000 characters; this one has 4,001."
    assert visitor.questions == []
    assert endpoint.chats == []
    visitor.ask("How do employees travel by train?")
    assert not limit.is_visible()
