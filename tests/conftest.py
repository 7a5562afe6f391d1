"""What all tests share: no setting of the person who runs them reaches a test, and unit tests load nothing heavy."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from tests.doubles.embedder import LetterEmbedder
from tests.guard import loopback_only

WriteFiles = Callable[[Mapping[str, str | bytes]], Path]

HEAVY = ("torch", "transformers", "sentence_transformers", "chromadb", "faiss", "gradio")

for name in [name for name in os.environ if name.startswith(("RAG_", "OPENAI_"))]:
    del os.environ[name]

os.environ[loopback_only.LOG] = tempfile.mkstemp(prefix="reached-out-")[1]
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), loopback_only.FOLDER]))
loopback_only.install()

# No limit on the time of one example: a busy machine is no fault of the code.
# CI tries more examples than a person waits for, and `make soak` more than CI.
settings.register_profile("here", deadline=None, print_blob=True, max_examples=15)
settings.register_profile("CI", deadline=None, print_blob=True, max_examples=100)
settings.register_profile("soak", deadline=None, print_blob=True, max_examples=1000)
settings.load_profile("soak" if os.environ.get("SOAK") else "CI" if os.environ.get("CI") else "here")


@pytest.fixture
def embedder() -> LetterEmbedder:
    return LetterEmbedder()


@pytest.fixture
def write_files(tmp_path: Path) -> WriteFiles:
    """Write files, given as path -> content, into one folder, and return the folder."""

    def write(files: Mapping[str, str | bytes]) -> Path:
        folder = tmp_path / "knowledge"
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return folder

    return write


@pytest.fixture
def no_hanging() -> Iterator[None]:
    """For what takes a second or less, and would wait for ever, or for hours, if it went wrong."""

    def give_up(*_: object) -> None:
        raise TimeoutError("this hangs")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def reached_out() -> Iterator[Callable[[], list[str]]]:
    """Nothing may try to reach another machine. A test that means to asks this for what was tried, and so has dealt with it."""
    yield loopback_only.attempts
    tried = loopback_only.attempts()
    assert not tried, f"this or an app beside it tried to reach another machine: {', '.join(tried)}"


def pytest_unconfigure() -> None:
    Path(os.environ.pop(loopback_only.LOG)).unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def _unit_tests_stay_light(request: pytest.FixtureRequest) -> Iterator[None]:
    """A unit test that loads a model library, a store or the page costs seconds, and belongs in another folder."""
    before = set(sys.modules)
    yield
    if "unit" in request.path.relative_to(Path(__file__).parent).parts[:1]:
        loaded = [name for name in HEAVY if name in sys.modules and name not in before]
        assert not loaded, f"a unit test loaded {', '.join(loaded)}"
