"""axe-core finds nothing serious in any room, in any state, light or dark, at a desk or on a phone."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.rooms import ROOMS, states
from tests.doubles.replies import FAILURES, Says

TRAINS = "How do employees travel by train?"
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


def faults(page: Any) -> list[str]:
    """What axe-core calls serious or critical, an element a line. What is still fading in has another colour yet."""
    page.evaluate(
        """() => Promise.all(document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime < 5000)
            .map((one) => one.finished.catch(() => null)))"""
    )
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {node['target']} {node['failureSummary']}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


@SCHEMES
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_every_room(quoting: Any, visit: Any, phone: bool, scheme: str) -> None:
    visitor = visit(quoting, phone=phone)
    visitor.page.emulate_media(color_scheme=scheme)
    visitor.page.wait_for_timeout(800)  # until one scheme has faded into the other
    found = {"first sight": faults(visitor.page)}
    visitor.ask(TRAINS)
    for room in ROOMS:
        for state in states(visitor, room, phone=phone):
            found[state] = faults(visitor.page)
    assert {state: said for state, said in found.items() if said} == {}
    assert len(found) > len(ROOMS)


@SCHEMES
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_a_document_opened_and_a_thumb_down(quoting: Any, visit: Any, phone: bool, scheme: str) -> None:
    visitor = visit(quoting, phone=phone)
    page = visitor.page
    page.emulate_media(color_scheme=scheme)
    visitor.ask(TRAINS)
    page.get_by_label("Dislike").last.click()
    page.locator("#right-document h3").wait_for()
    found = {"which document is right": faults(page)}
    page.locator("#right-document").get_by_role("button", name="Cancel").click()
    if phone:
        page.locator(".brand [data-open=sources]").tap()
    page.locator("#panel .turn.shown [data-read]").first.click()
    page.locator(".reader .cited").first.wait_for()
    found["a document"] = faults(page)
    assert {state: said for state, said in found.items() if said} == {}


@SCHEMES
def test_what_a_model_says(modelled: Any, endpoint: Any, visit: Any, scheme: str) -> None:
    rest = threading.Event()
    visitor = visit(modelled)
    visitor.page.emulate_media(color_scheme=scheme)
    visitor.page.wait_for_timeout(800)  # until one scheme has faded into the other
    endpoint.script = lambda messages: Says("It ends on 30 June 2031 [1].", gate=rest)
    visitor.send("When does the Meridian Freight agreement end?")
    visitor.page.locator("#chat .bot.message", has_text="It").wait_for()
    found = {"being written": faults(visitor.page)}
    rest.set()
    visitor.settled(1)
    visitor.page.locator("#chat .doubt").wait_for()
    found["a doubt"] = faults(visitor.page)
    endpoint.script = lambda messages: FAILURES["500"]
    visitor.ask(TRAINS)
    visitor.page.locator("#chat blockquote").wait_for()
    found["a notice"] = faults(visitor.page)
    assert {state: said for state, said in found.items() if said} == {}


def test_a_menu_is_closed_once_the_keyboard_has_left_it(quoting: Any, visit: Any) -> None:
    page = visit(quoting).page
    page.locator("#doc-type input").focus()
    page.locator("#doc-type .options").wait_for()
    for key in ("Tab", "Tab", "Shift+Tab", "Shift+Tab"):
        page.keyboard.press(key)
        page.wait_for_timeout(500)  # a list closes slowly
        focused = page.evaluate("document.activeElement.closest('#doc-type, #llm')?.id ?? ''")
        open_lists = page.locator("#choices .options").evaluate_all(
            "all => all.map(e => e.closest('#doc-type, #llm').id)"
        )
        assert open_lists == [focused] * bool(focused)
    page.locator("#room-chat").get_by_role("textbox", name="Your question").click()


def test_the_buttons_of_the_question_box_say_what_they_do(modelled: Any, endpoint: Any, visit: Any) -> None:
    rest = threading.Event()
    endpoint.script = lambda messages: Says("It ends on 30 June 2027 [1].", gate=rest)
    visitor = visit(modelled)
    visitor.page.get_by_role("button", name="Send the question").wait_for()
    visitor.send(TRAINS)
    visitor.page.get_by_role("button", name="Stop the answer").wait_for()
    rest.set()
    visitor.settled(1)
    visitor.page.get_by_role("button", name="Send the question").wait_for()


def test_what_is_touched_on_a_phone_is_as_large_as_a_fingertip(quoting: Any, visit: Any) -> None:
    visitor = visit(quoting, phone=True)
    page = visitor.page
    visitor.ask(TRAINS)
    visitor.ask("Who is Ingrid Solheim?")
    small = """() => [...document.querySelectorAll("#top button, #rooms > .tab-wrapper button, #room-chat :is(button, input, td, nav a)")]
        .filter((e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !e.closest("[aria-hidden=true]"))
        .filter((e) => e.offsetHeight < 40 || e.offsetWidth < 40).map((e) => e.outerHTML.slice(0, 120))"""
    found = page.evaluate(small)
    for drawer in ("saved", "sources"):
        page.locator(f".brand [data-open={drawer}]").tap()
        page.wait_for_timeout(400)
        found += page.evaluate(small)
        page.keyboard.press("Escape")
        page.wait_for_timeout(400)
    assert found == []


def test_it_would_be_found(quoting: Any, visit: Any) -> None:
    """axe-core runs under the page's own policy and sees its stylesheet."""
    visitor = visit(quoting)
    visitor.page.add_style_tag(content="#chat .placeholder p { color: #ddd !important; }")
    visitor.page.evaluate("document.querySelector('.brand [data-open=sources]').style.display = 'block'")
    visitor.page.evaluate("document.querySelector('.brand [data-open=sources]').textContent = ''")
    said = " ".join(faults(visitor.page))
    assert "color-contrast" in said
    assert "button-name" in said
