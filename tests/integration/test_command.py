"""What every command does with its flags, its questions and its faults."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rag import command
from rag.schema import LodestarError, SettingsError, VectorIndexError


@pytest.mark.parametrize("kind", [LodestarError, SettingsError, VectorIndexError])
def test_a_fault_is_its_sentence_and_exit_code_2(capsys: pytest.CaptureFixture[str], kind: type[LodestarError]) -> None:
    def main() -> None:
        print("first")
        raise kind("There is no index; run it.")

    with pytest.raises(SystemExit) as exit_:
        command.run(main)
    assert exit_.value.code == 2
    assert capsys.readouterr() == ("first\n", "lodestar: There is no index; run it.\n")


def test_an_interrupt_is_exit_code_130(capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as exit_:
        command.run(main)
    assert exit_.value.code == 130
    assert capsys.readouterr().err == "lodestar: stopped.\n"


def test_without_a_fault_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    command.run(lambda: print("done"))
    assert capsys.readouterr() == ("done\n", "")


def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        command.run(lambda: print(1 / 0))


def test_a_reader_that_goes_away_is_no_error() -> None:
    """It goes before a few buffered bytes are written: the case in which Python would complain at exit too."""
    code = "import sys\nfrom rag import command\nsys.stdin.read()\ncommand.run(lambda: print('an answer'))"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONUNBUFFERED": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


def test_flags_that_bear_a_setting_s_name_override_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAG_INDEX", "from-environment")
    parser = command.parser("A command.", "try")
    parser.add_argument("-k", type=int)
    parser.add_argument("--other")
    assert command.settings_from(parser.parse_args([])).index == Path("from-environment")
    given = command.settings_from(parser.parse_args(["--index", "from-flag", "-k", "3", "--other", "x"]))
    assert (given.index, given.k) == (Path("from-flag"), 3)


def test_every_command_can_print_json() -> None:
    assert command.parser("A command.", "try").parse_args(["--json"]).json is True
    assert command.parser("A command.", "try").parse_args([]).json is False


def test_a_question_on_the_command_line_is_trimmed() -> None:
    assert list(command.questions("  what? \n")) == ["what?"]


@pytest.mark.parametrize("empty", ["", "  ", "\n"])
def test_an_empty_question_is_told(empty: str) -> None:
    with pytest.raises(LodestarError, match="The question is empty"):
        list(command.questions(empty))


def test_a_dash_reads_questions_a_line_and_passes_blank_ones_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("one\n\n  two  \r\n \nthree"))
    assert list(command.questions("-")) == ["one", "two", "three"]


def test_questions_are_handed_on_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def lines() -> object:
        for line in ("one\n", "two\n"):
            read.append(line)
            yield line

    monkeypatch.setattr(sys, "stdin", lines())
    assert next(command.questions("-")) == "one"
    assert read == ["one\n"]


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_bytes_that_are_no_text_become_a_question_all_the_same(errors: str) -> None:
    code = "import sys; from rag import command; [print(ascii(q)) for q in command.questions(sys.argv[1])]"
    env = {**os.environ, "PYTHONIOENCODING": f"utf-8:{errors}"}

    def run(argument: bytes, given: bytes) -> tuple[list[bytes], bytes]:
        command_line: list[str | bytes] = [sys.executable, "-c", code, argument]
        done = subprocess.run(command_line, input=given, capture_output=True, check=False, env=env)
        return done.stdout.split(), done.stderr

    assert run(b"-", b"caf\xe9?\nnext\n") == ([rb"'caf\ufffd?'", b"'next'"], b"")
    assert run(b"caf\xe9?", b"") == ([rb"'caf\ufffd?'"], b"")


@pytest.mark.parametrize("freed", [False, True])
def test_sigterm_ends_a_command_in_order(freed: bool) -> None:
    """Wherever it arrives: what is raised while an object is freed would be dropped."""
    code = (
        "import os, signal, sys, time, weakref\nfrom rag import command\n"
        "class Freed: pass\n"
        "def end(): os.kill(os.getpid(), signal.SIGTERM); time.sleep(0.001)\n"
        "def main():\n"
        "    command.end_in_order()\n"
        "    try:\n"
        "        if sys.argv[1] == 'True': weakref.finalize(Freed(), end)\n"
        "        else: end()\n"
        "        time.sleep(60)\n"
        "    finally: print('put away')\n"
        "command.run(main)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(freed)], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (143, "put away\n", "lodestar: stopped.\n")
