"""How fluid the map is and how long it takes to draw: `python -m benchmarks.mapping [--frames] [--draw COUNT ...]`.

--frames moves a map of 10,000 made-up chunks and a trail of ten questions in a headless Chromium without a GPU, each frame from a
new side. --draw times t-SNE for made-up vectors: neighbours, two dimensions, three dimensions.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np

from rag.visualize import NEIGHBOURS, neighbours, project

_WEB = Path(__file__).parents[1] / "rag" / "web"
_KINDS, _QUESTIONS, _SECONDS = 10, 10, 5

_MOVE = """async ([deep, seconds]) => {
    const { drawing } = window;
    drawing.deep = deep;
    drawing.show();
    drawing.before = null;
    await new Promise(requestAnimationFrame);
    drawing.frames = { drawn: 0, ms: 0 };
    const start = performance.now();
    while (performance.now() - start < 1000 * seconds) {
        drawing.move(3, 1);
        if (!deep) drawing.zoom(Math.sin(performance.now() / 500) > 0 ? 1.01 : 1 / 1.01);
        await new Promise(requestAnimationFrame);
    }
    const { drawn, ms } = drawing.frames;
    return [1000 * drawn / (performance.now() - start), ms / drawn];
}"""
_FILL = """([kinds, flat, deep, found]) => {
    window.drawing = new LodestarMapCanvas(document.querySelector("canvas"));
    drawing.place(Uint16Array.from(kinds), Float32Array.from(flat), Float32Array.from(deep));
    drawing.ask(found.map((points) => ({ chunks: points.map((point, n) => ({ point, score: 1 / (n + 1), cited: n < 2 })) })));
}"""


def made_up(count: int, dimensions: int) -> Any:
    """Points in groups of different sizes."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(max(1, count // 60), dimensions))
    return (centres[random.integers(0, len(centres), count)] + 0.15 * random.normal(size=(count, dimensions))).astype(
        "f4"
    )


def frames(count: int) -> None:
    from playwright.sync_api import sync_playwright

    random = np.random.default_rng(1)
    kinds = random.integers(0, _KINDS, count).tolist()
    found = random.integers(0, count, (_QUESTIONS, 10)).tolist()
    places = [(made_up(count, size) / 4).ravel().tolist() for size in (2, 3)]
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        colours = ";".join(f"--kind-{n}: hsl({40 * n} 60% 45%)" for n in range(9)) + ";--body-background-fill: #fff"
        page.set_content(f'<body style="{colours}"><canvas style="width:1000px;height:750px"></canvas>')
        page.add_script_tag(path=str(_WEB / "map_points.js"))
        page.add_script_tag(path=str(_WEB / "map_canvas.js"))
        page.evaluate(_FILL, [kinds, *places, found])
        page.wait_for_timeout(500)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        for name, deep in (("2-D", False), ("3-D", True)):
            before = script_seconds(session)
            rate, ms = page.evaluate(_MOVE, [deep, _SECONDS])
            cpu = 1000 * (script_seconds(session) - before) / (rate * _SECONDS)
            print(
                f"{count} chunks in {name}: {rate:.0f} frames a second, {ms:.1f} ms to draw one, {cpu:.1f} ms of the processor"
            )
        browser.close()


def script_seconds(session: Any) -> float:
    """What the page's scripts have used of the processor; unlike the clock, it does not hang on what else is running."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == "ScriptDuration"))


def draw(count: int) -> None:
    vectors = made_up(count, 384)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    started = time.perf_counter()
    near = neighbours(vectors, NEIGHBOURS)
    times = [time.perf_counter() - started]
    used = time.process_time()
    for dimensions in (2, 3):
        started = time.perf_counter()
        project(vectors, dimensions, near=near)
        times.append(time.perf_counter() - started)
    print(
        f"{count} chunks: neighbours {times[0]:.1f} s, 2-D {times[1]:.1f} s, 3-D {times[2]:.1f} s; "
        f"{time.process_time() - used:.0f} s of the processor for both maps",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mapping", description=__doc__)
    parser.add_argument("--frames", action="store_true", help="frames per second of the drawing")
    parser.add_argument("--draw", type=int, nargs="*", default=[], metavar="COUNT", help="time of t-SNE")
    arguments = parser.parse_args()
    if arguments.frames:
        frames(10_000)
    for count in arguments.draw:
        draw(count)


if __name__ == "__main__":
    main()
