"""Take the README's pictures from a running app: `python docs/images/take.py http://127.0.0.1:7860`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
QUESTIONS = ("Who is the account manager of Northmere Water?", "When does their contract end?")
DESK = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}


def ask(page: Page, url: str) -> None:
    page.goto(url)
    page.locator("#chat .placeholder h1").wait_for()
    for question in QUESTIONS:
        page.locator("#question textarea").fill(question)
        page.keyboard.press("Enter")
        page.locator("#panel .turn.shown .asked", has_text=question).wait_for(state="attached", timeout=120_000)
    page.wait_for_timeout(500)


def main(url: str) -> None:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for name, scheme, shape in (
            ("chat", "light", DESK),
            ("chat-dark", "dark", DESK),
            ("chat-phone", "light", PHONE),
        ):
            page = browser.new_context(color_scheme=scheme, **shape).new_page()
            ask(page, url)
            if shape is PHONE:
                page.locator("#chat a[href='#s2-1']").first.tap()
                page.wait_for_timeout(2_500)  # the flash has faded
            page.screenshot(path=HERE / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:7860")
