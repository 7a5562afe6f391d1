"""Rebuilding while the index is in use, and ingests that are killed half-way: what is read is always one whole generation."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from rag import ingest as command
from rag.config import Settings
from rag.index.embed import Embedder
from rag.index.embedded import UNFINISHED
from rag.index.generation import published, writer
from rag.index.open import IndexReader
from rag.index.store import STORES
from rag.retrieval.hybrid import retrieve
from tests.doubles.embedder import LetterEmbedder
from tests.integration.conftest import environment

THREADS, QUESTIONS = 8, 200
MOST = 150
"""Generations after which a reader that has not seen enough of them never will."""
SOURCES = [f"{doc_type}/{n}.md" for doc_type in ("policies", "contracts") for n in range(10)]

# A second process that publishes a new generation for every line it is sent; each document then names its generation.
# With a step as third argument it kills itself there instead, in the middle of what it does.
WRITER = """
import os, signal, sys
from pathlib import Path
from rag.config import Settings
from rag import ingest as command
from rag.index import build, embed_chunks, generation
from rag.index.build import recipe_of
from tests.doubles.embedder import LetterEmbedder
from tests.integration import test_rebuild

index, store, step = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
if sys.argv[4] == "letters":
    command.open_embedder = lambda settings: LetterEmbedder()
base = index.parent / "knowledge"

def write(n):
    for source in test_rebuild.SOURCES:
        (base / source).parent.mkdir(parents=True, exist_ok=True)
        (base / source).write_text(f"# Leave {source}\\n\\nmarker{n} is what this generation says about leave.\\n")

def publish(n):
    write(n)
    command.ingest(Settings(knowledge_base=base, index=index, store=store))
    print(n, flush=True)

if step:
    publish(1)
    module, name = {"build": build, "generation": generation}[step.split(".")[0]], step.split(".")[1]
    real, calls = getattr(module, name), iter(range(int(step.split(".")[2])))
    def killed(*arguments, **options):
        if next(calls, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)
    setattr(module, name, killed)
    publish(2)
else:
    for line in sys.stdin:
        publish(int(line))
"""


@contextmanager
def writing(index: Path, store: str, model: str, step: str = "") -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(index), store, step, model],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def told(process: subprocess.Popen[str]) -> int:
    """The number of the generation that was just published."""
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return int(line)


def publish(process: subprocess.Popen[str], n: int) -> int:
    assert process.stdin is not None
    process.stdin.write(f"{n}\n")
    process.stdin.flush()
    return told(process)


def generation_of(reader: IndexReader, embedder: Embedder, question: str) -> int:
    """Ask as the app does; every chunk that comes back must name the same generation."""
    index = reader.current()
    found = retrieve(question, index, embedder, 20)
    markers = {item.chunk.body.split("marker")[1].split(" ")[0] for item in found}
    assert len(found) == 20
    assert len(markers) == 1, markers
    return int(markers.pop())


@pytest.mark.parametrize("model", ["letters", "minilm"])
@pytest.mark.parametrize("store", list(STORES))
def test_questions_from_many_threads_while_generations_are_published(
    store: str, model: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Another process publishes without a pause until 200 questions are answered and several generations were seen."""
    embedder: Embedder = LetterEmbedder() if model == "letters" else request.getfixturevalue("minilm")
    least = 8 if model == "letters" else 4
    reader = IndexReader(tmp_path / "index", embedder)
    answered, enough = list[int](), threading.Event()

    def ask() -> None:
        while not enough.is_set():
            answered.append(generation_of(reader, embedder, f"What about leave {len(answered)}?"))

    with writing(tmp_path / "index", store, model) as process, ThreadPoolExecutor(THREADS) as threads:
        publish(process, 1)
        running = [threads.submit(ask) for _ in range(THREADS)]
        n = 1
        while (len(answered) < QUESTIONS or len(set(answered)) < least) and n < MOST:
            if any(thread.done() for thread in running):
                break
            n = publish(process, n + 1)
        enough.set()
        for thread in running:
            thread.result()
        assert generation_of(reader, embedder, "leave") == n
    assert len(answered) >= QUESTIONS
    assert len(set(answered)) >= least


STEPS = [
    "build._write_chunks.0",
    "build.build_texts.0",
    "build.seal.0",
    "build.check_store.0",
    "build.publish.0",
    "generation._sync.0",
    "generation._sync.5",
    "generation.point_at.0",
]


@pytest.mark.parametrize("step", STEPS)
def test_an_ingest_that_is_killed_leaves_the_old_index_whole(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, embedder = tmp_path / "index", LetterEmbedder()
    with writing(index, "chroma", "letters", step) as process:
        assert told(process) == 1
        assert process.wait() == -signal.SIGKILL
    reader = IndexReader(index, embedder)
    assert generation_of(reader, embedder, "leave") == 1
    monkeypatch.setattr(command, "open_embedder", lambda settings: embedder)
    command.ingest(Settings(knowledge_base=tmp_path / "knowledge", index=index))
    assert generation_of(reader, embedder, "leave") == 2
    assert not [path for path in index.iterdir() if path.suffix == ".tmp" or path.name == UNFINISHED]


def test_an_ingest_beside_another_ends_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "knowledge/a.md").write_text("text")
    with writer(tmp_path / "index"):
        done = subprocess.run(
            [sys.executable, "-m", "rag.ingest", "--knowledge-base", "knowledge", "--index", "index"],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "lodestar: Another ingest is writing index; wait for it to end.\n"
    assert published(tmp_path / "index") is None
