"""Take every picture of the app that the documentation has: `make screenshots`, or `python -m docs.screenshots NAME ...`.

The real app runs over the shipped knowledge base. A screen that does not come up ends this with an error.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import sync_playwright

from docs.screenshots.moving import frames
from docs.screenshots.pictures import save, save_moving
from docs.screenshots.running import apps
from docs.screenshots.screens import SCREENS
from tests.browser.app import FLAGS, ROOT, chromium_path
from tests.browser.visitor import Visitor

IMAGES = ROOT / "docs" / "images"
SIZES: dict[str, dict[str, Any]] = {
    "desk": {"viewport": {"width": 1440, "height": 900}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "is_mobile": True,
        "has_touch": True,
        "device_scale_factor": 2,
    },
}
SCHEMES = ("light", "dark")
MOVING = "answering"
_MOST = {"png": 4_000_000, "webp": 1_500_000}


def take(names: Sequence[str]) -> None:
    path = chromium_path()
    if path is None:
        raise SystemExit("No Chromium on this machine; install one (apt install chromium) or name it in CHROMIUM.")
    IMAGES.mkdir(exist_ok=True)
    with apps() as urls, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for screen in SCREENS:
            for size in screen.sizes if screen.name in names else ():
                for scheme in SCHEMES:
                    context = browser.new_context(color_scheme=scheme, reduced_motion="reduce", **SIZES[size])
                    visitor = Visitor(context.new_page(), urls[screen.app])
                    screen.show(visitor)
                    if visitor.broken or visitor.foreign:
                        raise SystemExit(f"{screen.name}: {visitor.broken} {visitor.foreign}")
                    visitor.page.mouse.move(0, 0)
                    visitor.page.wait_for_timeout(400)
                    save(visitor.page.screenshot(animations="disabled"), IMAGES / f"{screen.name}-{size}-{scheme}.png")
                    context.close()
            if screen.name in names:
                print(screen.name, flush=True)
        if MOVING in names:
            context = browser.new_context(color_scheme="light", **SIZES["desk"])
            save_moving(frames(Visitor(context.new_page(), urls["quotes"])), IMAGES / f"{MOVING}.webp")
            context.close()
        browser.close()


def main() -> None:
    every = [*(screen.name for screen in SCREENS), MOVING]
    parser = argparse.ArgumentParser(prog="python -m docs.screenshots", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"All of them, or some: {', '.join(every)}.")
    names = parser.parse_args().names or every
    if unknown := set(names) - set(every):
        parser.error(f"there is no picture named {', '.join(sorted(unknown))}")
    began = time.monotonic()
    take(names)
    for kind, most in _MOST.items():
        files = list(IMAGES.glob(f"*.{kind}"))
        size = sum(file.stat().st_size for file in files)
        print(f"{len(files)} {kind}: {size / 1e6:.2f} MB")
        if size > most:
            raise SystemExit(f"The {kind} files are more than {most / 1e6} MB together.")
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
