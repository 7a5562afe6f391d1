"""Who may enter, and what a browser is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from rag.config import Settings
from rag.web.serve import OwnFilesOnly, login

APP = Path(__file__).parents[3] / "app.py"


def settings(**flags: Any) -> Settings:
    return Settings.load(env={}, dotenv=None, **flags)


def test_no_password_on_this_machine() -> None:
    assert login(settings()) == (None, False)


def test_a_given_password_is_used() -> None:
    assert login(settings(auth="ada:pass:word", share=True)) == (("ada", "pass:word"), False)


def test_a_public_link_always_has_one() -> None:
    made, made_up = login(settings(share=True))
    assert made is not None
    assert made_up
    assert len(made[1]) >= 12
    assert made != login(settings(share=True))[0]


async def test_the_policy_goes_with_every_answer_and_with_nothing_else() -> None:
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
        await send({"type": "http.response.body", "body": b"x"})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await OwnFilesOnly(app)({"type": "http"}, None, send)
    headers = dict(sent[0]["headers"])
    assert headers[b"a"] == b"b"
    assert b"default-src 'self'" in headers[b"content-security-policy"]
    assert sent[1] == {"type": "http.response.body", "body": b"x"}


def test_the_app_is_small_and_help_is_quick() -> None:
    assert len(APP.read_text(encoding="utf-8").splitlines()) <= 40
    heavy = ("gradio", "torch", "chromadb", "langchain_classic")
    code = f"import app, sys\ntry: app.main()\nexcept SystemExit: print(sorted({{*{heavy}}} & {{*sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"], cwd=APP.parent, capture_output=True, text=True, timeout=60
    )
    assert "--share" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]", "help needs none of these"


def test_only_the_page_and_its_theme_need_gradio() -> None:
    web = APP.parent / "rag" / "web"
    names = sorted(path.stem for path in web.glob("*.py") if path.stem not in ("page", "theme", "__init__"))
    code = f"import sys, {', '.join(f'rag.web.{name}' for name in names)}\nprint('gradio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=APP.parent, capture_output=True, text=True, timeout=60)
    assert len(names) > 8
    assert done.stdout.strip() == "False", done.stderr
