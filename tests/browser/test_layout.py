"""Nothing sticks out, is cut or jumps, from a phone to the widest screen."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tests.browser.rooms import ROOMS, enter, states
from tests.doubles.replies import Says

TRAINS = "How do employees travel by train?"
WIDTHS = (390, 768, 900, 1180, 1440, 1920, 2560)

# What is cut at the right or the left, in sight, by the window or by what it stands in. What scrolls by itself is a table or
# a program's text; what ends in an ellipsis says that it goes on.
_CUT = """() => {
    const scrolls = ["PRE", "TABLE"], own = ".table, .stages, #chat .prose table, [tabindex='-1'] > *";
    const named = (e) => `${e.tagName} #${e.closest("[id]")?.id} .${e.className} ${e.textContent.trim().slice(0, 40)}`;
    const columns = "#choices, #top, #saved, #panel, .map-bar, .map-panel, #index, #quality, #talk .column:has(> #chat)";
    const style = (e) => getComputedStyle(e);
    const seen = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    const said = [];
    if (document.documentElement.scrollWidth > innerWidth) said.push("the page itself scrolls to the side");
    for (const e of document.querySelectorAll("body *")) {
        if (!seen(e) || e.closest("svg, canvas, .map-glimpse, [aria-hidden=true]")) continue;
        const how = style(e).overflowX;
        const free = scrolls.includes(e.tagName) || e.matches(own);
        if (["auto", "scroll"].includes(how) && e.scrollWidth > e.clientWidth + 1 && !free)
            said.push(`scrolls to the side: ${named(e)}`);
        const words = [...e.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
        if (!words && !e.matches("button, input, textarea")) continue;
        const box = e.getBoundingClientRect();
        if (box.width < 2 || box.height < 2) continue;
        for (let around = e; around && around !== document.body; around = around.parentElement) {
            const css = style(around), edge = around.getBoundingClientRect();
            if (css.clipPath !== "none" || css.textOverflow === "ellipsis") break;
            if (around !== e && ["auto", "scroll"].includes(css.overflowX)
                && (scrolls.includes(around.tagName) || around.matches(own))) break;
            const holds = around !== e && (around.matches(columns) || css.overflowX !== "visible");
            if (holds && (box.right > edge.right + 1 || box.left < edge.left - 1)) {
                said.push(`cut by ${around.tagName} #${around.id} .${around.className}: ${named(e)}`);
                break;
            }
        }
        const scrolled = e.closest(`${scrolls}, ${own}`);
        if (!scrolled && (box.right > innerWidth + 1 || box.left < -1)) said.push(`out of the window: ${named(e)}`);
    }
    return [...new Set(said)];
}"""

# Where the box to ask in, the question and the first line of its answer are, at each frame from now on.
_WATCH = """() => {
    const top = (selector) => Math.round(document.querySelector(selector)?.getBoundingClientRect().top ?? -1);
    const seen = (window.seen = { box: new Set(), line: new Set(), side: new Set(), told: [], shifts: [], frames: 0 });
    const look = () => {
        seen.frames += 1;
        seen.box.add(top("#question"));
        seen.side.add([top("#saved"), top("#panel"), top("#rooms > .tab-wrapper"), top("#choices")].join());
        if (document.querySelector("#chat .bot.message p"))
            seen.line.add(top("#chat .bot.message p") - top("#chat .user.message"));
        for (const e of document.querySelectorAll("#talk .progress-text, #talk .eta-bar, #talk .loader"))
            if (e.checkVisibility({ visibilityProperty: true, opacityProperty: true })) seen.told.push(e.textContent);
        requestAnimationFrame(look);
    };
    look();
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries())
            for (const { node } of entry.sources ?? [])
                if (!node?.parentElement?.closest("#panel, #saved-list, #chat .message-buttons"))
                    seen.shifts.push(`${node?.outerHTML ?? node?.nodeName} ${entry.value}`.slice(0, 200));
    }).observe({ type: "layout-shift" });
}"""


class Slowly(threading.Event):
    """A gate that lets a word through at every tenth look, which is every fifth of a second."""

    looks = 0

    def is_set(self) -> bool:
        self.looks += 1
        return self.looks % 10 == 0


def _late(route: Any) -> None:
    time.sleep(0.3)
    route.continue_()


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_is_cut(quoting: Any, visit: Any, room: str) -> None:
    visitor = visit(quoting)
    visitor.ask("What are the fees of the Meridian Freight agreement?")
    said = {}
    for width in WIDTHS:
        visitor.page.set_viewport_size({"width": width, "height": 900})
        enter(visitor, room)
        said[width] = visitor.page.evaluate(_CUT)
    assert {width: cut for width, cut in said.items() if cut} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_is_cut_in_any_state_on_a_phone(quoting: Any, visit: Any, room: str) -> None:
    visitor = visit(quoting, phone=True)
    first = visitor.page.evaluate(_CUT)
    visitor.ask("What are the fees of the Meridian Freight agreement?")
    said = {state: visitor.page.evaluate(_CUT) for state in states(visitor, room, phone=True)}
    assert {state: cut for state, cut in {"first sight": first, **said}.items() if cut} == {}


def test_what_is_cut_is_found(quoting: Any, visit: Any) -> None:
    visitor = visit(quoting)
    visitor.page.add_style_tag(
        content="#look-again { position: relative; left: 9rem; } .brand b { position: relative; left: -9rem; }"
    )
    said = " ".join(visitor.page.evaluate(_CUT))
    assert "Look for models" in said
    assert "Lodestar" in said


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_nothing_jumps_while_an_answer_comes(modelled: Any, endpoint: Any, visit: Any, phone: bool) -> None:
    visitor = visit(modelled, phone=phone)
    visitor.page.route("**/queue/join*", _late)  # what Gradio shows while it waits is in sight for that long
    text = "Employees travel first class by train [1]. " + "That holds for journeys longer than four hours. " * 2
    endpoint.script = lambda messages: Says(text, gate=Slowly())
    visitor.send(TRAINS)
    visitor.page.locator("#chat .bot.message p").first.wait_for()
    visitor.page.evaluate(_WATCH)
    visitor.settled(1, TRAINS)
    visitor.page.wait_for_timeout(500)
    seen = visitor.page.evaluate("({ ...seen, box: [...seen.box], line: [...seen.line], side: [...seen.side] })")
    assert seen["frames"] > 20
    assert len(seen["box"]) == 1, seen
    assert len(seen["side"]) == 1, seen
    assert len(seen["line"]) == 1, seen
    assert seen["told"] == []
    assert seen["shifts"] == []


def test_a_phones_buttons_for_the_chat_are_in_the_chat_only(quoting: Any, visit: Any) -> None:
    visitor = visit(quoting, phone=True)
    buttons = visitor.page.locator(".brand button")
    for room in ROOMS:
        enter(visitor, room)
        assert [button.is_visible() for button in buttons.all()] == [room == "Chat"] * 2
        names, space = (
            visitor.page.locator(f"#rooms > {part}").bounding_box()
            for part in (".tab-wrapper", f"#room-{room.lower()}")
        )
        assert names["y"] + names["height"] == pytest.approx(space["y"], abs=1)


@pytest.mark.parametrize(("width", "columns"), [(1440, 1), (1920, 1), (2560, 2)])
def test_a_wide_screen_keeps_a_readable_measure(
    modelled: Any, endpoint: Any, visit: Any, width: int, columns: int
) -> None:
    endpoint.script = lambda messages: "They travel first class [1], and it counts from door to door [2]. " * 9
    visitor = visit(modelled)
    visitor.page.set_viewport_size({"width": width, "height": 1080})
    visitor.ask(TRAINS)
    assert visitor.answers.last.bounding_box()["width"] <= 800
    assert visitor.page.locator("#panel").bounding_box()["width"] <= width / 3
    assert visitor.sources.count() > 1
    boxes = [source.bounding_box() for source in visitor.sources.all()]
    assert len({box["x"] for box in boxes}) == columns
    assert all(box["width"] < 480 for box in boxes)


def test_the_box_is_one_line_high_again_when_a_long_question_has_gone(quoting: Any, visit: Any) -> None:
    visitor = visit(quoting, phone=True)
    box = visitor.page.locator("#question")
    before = box.bounding_box()["height"]
    question = (
        "What are the fees of the Meridian Freight agreement, and how do employees travel by train to Bergen? " * 3
    )
    visitor.page.locator("#question textarea").fill(question)
    assert box.bounding_box()["height"] > before + 40
    visitor.page.keyboard.press("Enter")
    visitor.settled(1)
    assert box.bounding_box()["height"] == before
