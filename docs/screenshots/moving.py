"""The moving picture: a question is typed and answered, its number leads to the words that prove it, and a follow-up is asked."""

from __future__ import annotations

from docs.screenshots.screens import FOLLOW_UP, FOUNDED
from tests.browser.visitor import Visitor

Frames = list[tuple[bytes, int]]
_BLINK, _READ, _LAST = 70, 1_300, 2_400  # milliseconds that a frame is seen


def frames(visitor: Visitor) -> Frames:
    taken: Frames = [(_seen(visitor), 500)]
    _ask(visitor, FOUNDED, taken)
    taken.append((_seen(visitor), _READ))
    visitor.page.locator("#chat a[href='#s1-1']").first.click()
    for _ in range(4):
        visitor.page.wait_for_timeout(120)
        taken.append((_seen(visitor, moving=True), 130))
    visitor.page.wait_for_timeout(1_800)
    taken.append((_seen(visitor), 500))
    visitor.page.locator("#question textarea").click()
    _ask(visitor, FOLLOW_UP, taken)
    taken.append((_seen(visitor), _LAST))
    return taken


def _ask(visitor: Visitor, question: str, taken: Frames) -> None:
    for end in range(2, len(question) + 1, 2):
        visitor.page.locator("#question textarea").fill(question[:end])
        taken.append((_seen(visitor), _BLINK))
    visitor.ask(question)
    visitor.page.wait_for_timeout(400)


def _seen(visitor: Visitor, *, moving: bool = False) -> bytes:
    return bytes(visitor.page.screenshot(animations="allow" if moving else "disabled"))
