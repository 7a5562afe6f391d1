"""Kill ingest at any moment: the app answers from the old index or the new one, never a mix, never none; the next cleans up."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.index.embed import Embedder
from rag.index.generation import VECTORS, generations, published
from rag.index.open import IndexReader
from rag.index.store import STORES
from tests.doubles.embedder import LetterEmbedder
from tests.integration.conftest import environment
from tests.trust.marked import answered_by, generation_of, leftovers, quick_folder, write
from tests.trust.rounds import SOAKING, rounds
from tests.trust.zygote import BATCH, Ended, Zygote, zygote

SIGNALS = (signal.SIGKILL, signal.SIGTERM)
STOPPED = 128 + signal.SIGTERM

BUILD, EMBEDDED, GENERATION = "rag.index.build", "rag.index.embedded", "rag.index.generation"
LEFTOVERS, TEXTS = "rag.index.leftovers", "rag.index.texts"
# Step -> the function that takes it, and how often it is called at least.
STEPS = {
    "clear what was left": (f"{BUILD}:clear_leftovers", 1),
    "write chunks": (f"{BUILD}:_write_chunks", 1),
    "write a document's chunks": (f"{BUILD}:split", 24),
    "columns": (f"{BUILD}:build_columns", 1),
    "texts": (f"{BUILD}:build_texts", 1),
    "words": (f"{TEXTS}:build_words", 1),
    "word pieces": (f"{TEXTS}:count_pieces", 1),
    "look at what is known": (f"{BUILD}:known", 1),
    "embed": (f"{BUILD}:embed_chunks", 1),
    "write a batch": (f"{EMBEDDED}/EmbeddedWriter:append", 5),
    "store build": (f"{BUILD}:build_store", 1),
    "check": (f"{BUILD}:check_store", 1),
    "hashes": (f"{BUILD}:file_hashes", 1),
    "manifest": (f"{GENERATION}/Manifest:write", 1),
    "sync": (f"{GENERATION}:_sync", 60),
    "seal": (f"{BUILD}:seal", 1),
    "publish": (f"{BUILD}:publish", 1),
    "rename to its name": ("pathlib/Path:rename", 1),
    "point at it": (f"{GENERATION}:point_at", 1),
    "replace CURRENT": ("pathlib/Path:replace", 1),
    "forget what was unfinished": (f"{BUILD}:forget_unfinished", 1),
    "drop the old": (f"{BUILD}:drop_old", 1),
    "rename what is dropped": ("pathlib/Path:rename", 2),
    "remove what is dropped": (f"{LEFTOVERS}/shutil:rmtree", 1),
}


@pytest.fixture(scope="module")
def ingests() -> Iterator[Zygote]:
    with zygote() as process:
        yield process


class Killed:
    """An index whose ingests are killed one after the other, and those who read it meanwhile."""

    def __init__(self, folder: Path, name: str, ingest: Callable[..., Ended], embedder: Embedder) -> None:
        self.knowledge, self.index = folder / "knowledge", folder / name
        self._ingest, self._embedder = ingest, embedder
        self.n = 0
        self.whole = self.completed()
        self.reader = IndexReader(self.index, embedder)

    def ingest(self, **how: object) -> Ended:
        return self._ingest(self.knowledge, self.index, **how)

    def completed(self) -> Ended:
        """One more generation, which nobody kills."""
        self.n += 1
        write(self.knowledge, self.n)
        ended = self.ingest()
        self.recovered(ended)
        return ended

    def killed(self, **how: Any) -> Ended:
        """One more generation, that may not come about. Whoever asks finds the old one or the new one."""
        old = self.answered()
        held = self.reader.current()
        write(self.knowledge, self.n + 1)
        ended = self.ingest(**how)
        outside = ended.status == -signal.SIGTERM and (not ended.said or ended.out)
        if how["signal"] == signal.SIGTERM and not outside:
            assert ended.status in (0, STOPPED), ended
            assert (ended.status == STOPPED) == ended.said.endswith("lodestar: stopped.\n"), ended
            assert "Traceback" not in ended.said
        else:  # killed, or told to end while Python itself was starting or ending
            assert ended.status in (0, -how["signal"]), ended
        assert self.answered() in ((self.n + 1,) if ended.status == 0 else (old, self.n + 1))
        assert generation_of(held, self._embedder) == old
        self.n += 1
        return ended

    def answered(self) -> int:
        """By the reader that is open, and by one that opens the index now."""
        now = answered_by(self.index, self._embedder)
        assert generation_of(self.reader.current(), self._embedder) == now
        return now

    def recovered(self, ended: Ended | None = None) -> None:
        """The next ingest publishes what lies in the knowledge base, and leaves nothing else behind."""
        ended = ended or self.ingest()
        assert ended.status == 0, ended
        assert answered_by(self.index, self._embedder) == self.n
        assert leftovers(self.index) == []


@pytest.fixture(params=list(STORES))
def letters(request: pytest.FixtureRequest, ingests: Zygote) -> Iterator[Killed]:
    def ingest(knowledge: Path, index: Path, **how: object) -> Ended:
        return ingests.ingest(knowledge, index, request.param, **how)

    with quick_folder() as folder:
        killed = Killed(folder, request.param, ingest, LetterEmbedder())
        killed.completed()  # so that there is one to drop, too
        yield killed


def test_at_random_moments(letters: Killed) -> None:
    draw = random.Random("moments")
    ends = list[int]()
    for n in range(rounds(6, 100)):
        after = draw.uniform(0, 1.1 * letters.whole.seconds)
        ends.append(letters.killed(after=after, signal=SIGNALS[n % 2]).status)
        if draw.random() < 0.6:  # otherwise the next one is killed too, over what this one left
            letters.recovered()
    letters.recovered()
    assert len(set(ends)) > 1, "all were killed before they did anything, or none was"


def test_at_every_step(letters: Killed) -> None:
    draw = random.Random("steps")
    # In CI each store takes every other step.
    some = list(STEPS.items()) if SOAKING else list(STEPS.items())[letters.index.name == "faiss" :: 2]
    for step, (function, calls) in some:
        for n in range(rounds(1, 5)):
            delay = draw.choice([0, -1]) if n < 2 else draw.uniform(0, 0.01)
            ended = letters.killed(
                step=function, nth=draw.randrange(calls), delay=delay, signal=SIGNALS[draw.random() < 0.3]
            )
            assert ended.status != 0 or delay > 0, f"nobody was killed at the step: {step}"
            if draw.random() < 0.7:
                letters.recovered()
    letters.recovered()


def test_what_was_embedded_is_not_embedded_again(letters: Killed) -> None:
    """Even where it is killed with everything done but the publishing."""
    for how in ({"delay": -1}, {"delay": 0}):
        step = {"step": f"{BUILD}:seal" if how["delay"] == 0 else f"{EMBEDDED}/EmbeddedWriter:append"}
        letters.killed(nth=0 if how["delay"] == 0 else 3, signal=signal.SIGKILL, **step, **how)
        ended = letters.ingest()
        letters.recovered(ended)
        embedded = int(ended.out.split("(")[1].split(" ")[0])
        assert embedded <= (0 if how["delay"] == 0 else 21 - 3 * BATCH), ended


def test_the_generation_before_stays_whichever_ingest_was_killed(letters: Killed) -> None:
    """One that was renamed but never pointed at must not push it out."""
    before = published(letters.index)
    assert before is not None
    for _ in range(2):
        letters.killed(step=f"{GENERATION}:point_at", nth=0, delay=0, signal=signal.SIGKILL)
        assert published(letters.index) == before
    letters.recovered()
    assert generations(letters.index) == [published(letters.index), before]


def test_a_damaged_generation_is_not_the_one_that_is_kept(letters: Killed) -> None:
    whole = published(letters.index)
    letters.completed()
    damaged = published(letters.index)
    assert whole is not None
    assert damaged is not None
    path = damaged / VECTORS
    path.write_bytes(path.read_bytes()[:-4])
    letters.n += 1
    write(letters.knowledge, letters.n)
    letters.recovered()
    assert generations(letters.index) == [published(letters.index), whole]


def test_with_the_real_model(minilm: Embedder) -> None:
    """As a command, started anew each time."""

    def ingest(knowledge: Path, index: Path, after: float = 600, signal: int = 0) -> Ended:
        started = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "rag.ingest", "--knowledge-base", str(knowledge), "--index", str(index)],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                out, said = process.communicate(timeout=after)
            except subprocess.TimeoutExpired:
                process.send_signal(signal)
                out, said = process.communicate()
        return Ended(process.returncode, out, said, time.perf_counter() - started, 0)

    with quick_folder() as folder:
        killed = Killed(folder, "chroma", ingest, minilm)
        draw = random.Random("model")
        for n in range(rounds(2, 20)):
            killed.killed(after=draw.uniform(0.3, 1.1) * killed.whole.seconds, signal=SIGNALS[n % 2])
            if n % 3 == 2:
                killed.recovered()
        killed.recovered()
