"""Whatever is done to the files, the ingests and the index, in whatever order: who asks is answered from what was published."""

from __future__ import annotations

import gc
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rag import ingest as command
from rag.config import Settings
from rag.index import build, generation
from rag.index.build import Built
from rag.index.damage import damage
from rag.index.embedded import EmbeddedWriter
from rag.index.generation import MANIFEST, Manifest, generations, published
from rag.index.open import IndexReader, OpenIndex
from rag.index.store import STORES
from rag.retrieval.hybrid import retrieve
from rag.schema import KnowledgeBaseError, VectorIndexError
from tests.doubles.embedder import LetterEmbedder
from tests.trust.marked import leftovers, quick_folder
from tests.trust.rounds import rounds
from tests.trust.zygote import Zygote, zygote

SOURCES = ["a/ant.md", "a/bee.md", "b/elm.md", "b/deep/fern.md", "moss.md"]
WORDS = ["ants", "bees", "carry", "dew", "elms", "ferns", "grow", "honey", "in", "June"]
# Where an ingest is stopped by an exception, as SIGTERM and Ctrl-C stop it, or killed.
STEPS: dict[str, tuple[Any, str]] = {
    "rag.index.build:_write_chunks": (build, "_write_chunks"),
    "rag.index.build:build_columns": (build, "build_columns"),
    "rag.index.embedded/EmbeddedWriter:append": (EmbeddedWriter, "append"),
    "rag.index.build:build_texts": (build, "build_texts"),
    "rag.index.build:build_store": (build, "build_store"),
    "rag.index.build:check_store": (build, "check_store"),
    "rag.index.build:seal": (build, "seal"),
    "rag.index.build:publish": (build, "publish"),
    "rag.index.generation:point_at": (generation, "point_at"),
    "pathlib/Path:replace": (Path, "replace"),
    "rag.index.build:drop_old": (build, "drop_old"),
}
State = dict[str, str]


class Stopped(BaseException):
    """As KeyboardInterrupt is, it is nobody's to catch."""


@pytest.fixture(scope="module")
def ingests() -> Iterator[Zygote]:
    with zygote() as process:
        yield process


class Index(RuleBasedStateMachine):
    """`files` is what lies in the knowledge base, `states` what each generation was published from."""

    ingests: Zygote

    def __init__(self) -> None:
        super().__init__()
        self.after = ExitStack()
        folder = self.after.enter_context(quick_folder())
        patch = self.after.enter_context(pytest.MonkeyPatch.context())
        self.embedder = LetterEmbedder()
        patch.setattr(command, "open_embedder", lambda settings: self.embedder)
        self.knowledge, self.index = folder / "knowledge", folder / "index"
        self.knowledge.mkdir()
        self.files: State = {}
        self.states: dict[str, State] = {}
        self.damaged: set[str] = set()
        self.first: dict[str, State] = {}
        """Whole, but never pointed at, for the very first ingest was killed: nothing tells that CURRENT was not just lost."""
        self.edits = 0
        self.restart()

    @initialize(store=st.sampled_from(list(STORES)), published=st.sampled_from([True, True, True, False]))
    def begin(self, store: str, published: bool) -> None:
        """Most begin with an index: what an ingest does where there is none is soon known."""
        self.store = store
        self.write("a/ant.md", [["ants", "carry"], ["honey"]])
        if published:
            self.ingest(rebuild=False)

    def teardown(self) -> None:
        self.after.close()

    @rule(source=st.sampled_from(SOURCES), sections=st.lists(st.lists(st.sampled_from(WORDS), min_size=1), max_size=3))
    def write(self, source: str, sections: list[list[str]]) -> None:
        """Add a document, or edit it. Each text holds a word that no other one ever held."""
        text = f"# About {source}\n\n"
        for section in sections or [[]]:
            self.edits += 1
            text += f"## Heading{self.edits}\n\nEdit{self.edits} {' '.join(section)}.\n\n"
        path = self.knowledge / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        self.files[source] = text

    @precondition(lambda self: self.files)
    @rule(which=st.floats(0, 1, exclude_max=True))
    def delete(self, which: float) -> None:
        source = sorted(self.files)[int(which * len(self.files))]
        (self.knowledge / source).unlink()
        del self.files[source]

    @rule(rebuild=st.booleans())
    def ingest(self, rebuild: bool) -> None:
        if self.damaged:
            self.restart()  # a generation that somebody reads stays until the next ingest, damaged or not
            gc.collect()
        try:
            built = self.built(rebuild=rebuild)
        except KnowledgeBaseError:
            assert not self.files
            return
        assert self.files
        name = built.manifest.name
        assert not built.unchanged or (self.states[name] == self.files and name not in self.damaged)
        self.states[name] = dict(self.files)
        assert self.opened().name == name
        assert leftovers(self.index) == []
        lying = generations(self.index)
        assert {folder.name for folder in lying} <= {*self.states, *self.first}, "one that was never published"
        assert all(not damage(folder, Manifest.read(folder)) for folder in lying[:-1]), "a damaged one was kept"

    @precondition(lambda self: self.files)
    @rule(step=st.sampled_from(list(STEPS)), after=st.booleans())
    def stop(self, step: str, after: bool) -> None:
        """An exception at this step."""
        place, name = STEPS[step]
        real = getattr(place, name)

        def stopping(*arguments: Any, **options: Any) -> Any:
            if after:
                real(*arguments, **options)
            raise Stopped

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(place, name, stopping)
            with suppress(Stopped):
                self.built()
        self.ended()

    @precondition(lambda self: self.files)
    @rule(step=st.sampled_from(list(STEPS)), after=st.booleans())
    def kill(self, step: str, after: bool) -> None:
        """Another process, which ends at this step."""
        how = {"step": step, "nth": 0, "delay": -1 if after else 0, "signal": signal.SIGKILL}
        ended = self.ingests.ingest(self.knowledge, self.index, self.store, **how)
        assert ended.status in (0, -signal.SIGKILL), ended
        self.ended()

    @precondition(lambda self: self.states)
    # Shares and not places: how many files there are and how long they are is not the same each time.
    @rule(
        which=st.floats(0, 1, exclude_max=True),
        where=st.floats(0, 1, exclude_max=True),
        bit=st.integers(0, 7),
        how=st.sampled_from(["flip", "cut", "delete", "empty"]),
    )
    def corrupt(self, which: float, where: float, bit: int, how: str) -> None:
        """A file of the published generation, one that it vouches for. It is replaced: whoever reads the old one may go on."""
        folder = published(self.index)
        assert folder is not None
        vouched = Manifest.read(folder).files if folder.name not in self.damaged else ()
        names = [MANIFEST, *sorted(vouched)]
        path = folder / names[int(which * len(names))]
        data = bytearray(path.read_bytes()) if path.is_file() else bytearray()
        if how == "delete" or not data:
            path.unlink(missing_ok=True)
        else:
            place = int(where * len(data))
            data[place] ^= 1 << bit
            beside = path.with_name("beside")
            beside.write_bytes(data if how == "flip" else b"" if how == "empty" else data[:place])
            beside.replace(path)
        self.damaged.add(folder.name)

    @rule()
    def restart(self) -> None:
        self.reader = IndexReader(self.index, self.embedder)

    @rule()
    def lose_what_was_unfinished(self) -> None:
        shutil.rmtree(self.index / "unfinished", ignore_errors=True)

    @invariant()
    def answers(self) -> None:
        """Whoever asks is answered from one state that was published, or told what to run; nobody gets anything else."""
        try:
            index = self.opened()
        except VectorIndexError as error:
            told = str(error)
        else:
            self.one_state_answers(index)
            return
        assert "run: python -m rag.ingest" in told
        now = published(self.index)
        assert now is None or now.name in self.damaged
        assert bool(self.states) == (now is not None)

    def one_state_answers(self, index: OpenIndex) -> None:
        files = {**self.first, **self.states}[index.name]
        found = retrieve("Which ants and bees grow honey?", index, self.embedder, 100)
        chunks = [item.chunk for item in found]
        assert {chunk.source for chunk in chunks} == set(files)
        assert len({(chunk.source, chunk.start) for chunk in chunks}) == len(chunks) == len(index.chunks)
        for chunk in chunks:
            assert files[chunk.source][chunk.start : chunk.end] == chunk.body
        assert np.array_equal(index.vectors.mapped, self.embedder.embed([chunk.text for chunk in index.chunks])), (
            "carried over, damaged"
        )
        first = retrieve(chunks[0].text, index, self.embedder, 5)[0].chunk
        assert first.text == chunks[0].text

    def opened(self) -> OpenIndex:
        return self.reader.current()

    def built(self, **options: Any) -> Built:
        settings = Settings(knowledge_base=self.knowledge, index=self.index, store=self.store)
        return command.ingest(settings, **options)

    def ended(self) -> None:
        """After an ingest that was stopped: the old one is published, or it came just so far."""
        now = published(self.index)
        if now is not None and now.name not in self.states:
            self.states[now.name] = self.first.get(now.name, dict(self.files))
        if now is None:
            lying = [folder.name for folder in generations(self.index)]
            self.first = {name: self.first.get(name, dict(self.files)) for name in lying}


def test_whatever_is_done(ingests: Zygote) -> None:
    Index.ingests = ingests
    machine = Index.TestCase
    machine.settings = settings(
        stateful_step_count=rounds(10, 30), suppress_health_check=list(HealthCheck), deadline=None
    )
    machine().runTest()
