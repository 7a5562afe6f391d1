"""What a document's text or name may do to the terminal of whoever asks: nothing."""

from __future__ import annotations

import io
import json
import sys

import pytest

from rag.command import one_line, run, shown

HOSTILE = "red \x1b[31m \x1b]0;owned\x07 \x9b2J back\rover\x08\x7f \u202ecod.exe \u2066x"


def test_control_characters_are_shown_and_lines_are_kept() -> None:
    assert shown(HOSTILE) == (
        r"red \u001b[31m \u001b]0;owned\u0007 \u009b2J back\u000dover\u0008\u007f \u202ecod.exe \u2066x"
    )
    assert shown("two\nlines\tand ünï 🙂 עברית") == "two\nlines\tand ünï 🙂 עברית"
    assert one_line("a\nSkipped b.md\t") == r"a\nSkipped b.md\t"


def test_nothing_a_command_prints_is_obeyed_and_json_stays_json(capsys: pytest.CaptureFixture[str]) -> None:
    run(lambda: print(HOSTILE, json.dumps(HOSTILE, ensure_ascii=False), sep="\n"))
    plain, as_json = capsys.readouterr().out.splitlines()
    assert plain.isprintable()
    assert as_json.isprintable()
    assert json.loads(as_json) == HOSTILE


def test_characters_the_terminal_does_not_know_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.TextIOWrapper(raw := io.BytesIO(), "latin-1")
    monkeypatch.setattr(sys, "stdout", terminal)
    run(lambda: print(json.dumps("é 🙂 \ud83d", ensure_ascii=False)))
    assert json.loads(raw.getvalue().decode("latin-1")) == "é 🙂 \ud83d"
