"""A disk that is full or fails: ingest says so in one sentence, the published index stays, and the next ingest works."""

from __future__ import annotations

import errno
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from rag.index.generation import published
from rag.index.open import IndexReader
from rag.index.store import STORES
from rag.schema import LodestarError
from tests.doubles.embedder import LetterEmbedder
from tests.trust.marked import answered_by, generation_of, leftovers, quick_folder, write
from tests.trust.rounds import rounds
from tests.trust.zygote import Ended, Zygote, zygote

SOURCE = Path(__file__).with_name("faults.c")
NEVER = 10**6
NUMBERS = (errno.EIO, errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT)
SENTENCE = re.compile(
    r"lodestar: The index folder \S+ cannot be written \([^()\n]+\); (free some space, or )?name another with --index\.\n$"
    r"|lodestar: The \w+ store could not be built \([^\n]+\); check the disk and try again, or [^\n]+ --store\.\n$"
    r"|lodestar: The new index could not be read back and was not published; check the disk, and try again\.\n$"
    r"|lodestar: The new index did not find its own chunks and was not published; check the disk, then run: [^\n]+\.\n$"
)


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """Ingests of which any write can fail, whichever library does it."""
    compiler = next((path for name in ("cc", "gcc", "clang") if (path := shutil.which(name))), None)
    if compiler is None or sys.platform != "linux":
        pytest.skip("calls of the system are made to fail on Linux only, and with a C compiler")
    library = tmp_path_factory.mktemp("faults") / "faults.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
    with zygote(LD_PRELOAD=str(library)) as process:
        yield process


@contextmanager
def tmpfs(size: str) -> Iterator[Path]:
    """A folder on a disk of its own."""
    with quick_folder() as folder:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, check=False
        )
        if mounted.returncode:
            pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.decode().strip()}")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def used(folder: Path) -> int:
    return sum(512 * path.stat().st_blocks for path in folder.rglob("*"))


def told_in_one_sentence(ended: Ended) -> bool:
    """One sentence after the progress. FAISS writes a line of its own where a file cannot be closed."""
    lines = ended.said.replace("lodestar: ", "\nlodestar: ").splitlines()
    others = [line for line in lines if line and not line.startswith(("Embedded ", "lodestar: ", "file "))]
    return ended.status == 2 and not others and ended.out == "" and SENTENCE.search(ended.said) is not None


@pytest.mark.parametrize("store", list(STORES))
def test_an_error_at_any_write(failing: Zygote, store: str) -> None:
    """One call fails, or from there on every call does."""
    embedder, draw = LetterEmbedder(), random.Random(f"writes {store}")
    with quick_folder() as folder:
        knowledge, index = folder / "knowledge", folder / "index"
        for n in (1, 2):
            write(knowledge, n)
            calls = failing.ingest(knowledge, index, store, fault=[str(index), NEVER, 0, 0]).calls
        assert calls > 150
        reader, now, faults = IndexReader(index, embedder), 2, 0
        every = draw.sample(range(calls), rounds(12, calls))
        for n, nth in enumerate(every, start=3):
            number, forever = draw.choice(NUMBERS), draw.random() < 0.5
            held, before = reader.current(), used(index)
            write(knowledge, n)
            ended = failing.ingest(knowledge, index, store, fault=[str(index), nth, number, int(forever)])
            what = f"call {nth}, {errno.errorcode[number]}, {'for ever' if forever else 'once'}: {ended}"
            assert ended.status == 0 or told_in_one_sentence(ended), what
            faults += ended.status != 0
            assert generation_of(held, embedder) == now, what
            answered = answered_by(index, embedder)
            assert answered in ((n,) if ended.status == 0 else (now, n)), what
            assert generation_of(reader.current(), embedder) == answered
            if "free some space" in ended.said:  # SQLite may call it an I/O error where there is space left, as here
                assert used(index) < 1.2 * before or answered == n, what
            now = answered
            if draw.random() < 0.7:  # otherwise over what this one left
                assert failing.ingest(knowledge, index, store).status == 0, what
                assert answered_by(index, embedder) == n, what
                assert leftovers(index) == [], what
                now = n
        assert faults > len(every) / 2


@pytest.mark.parametrize("store", list(STORES))
def test_a_disk_that_is_full(failing: Zygote, store: str) -> None:
    """A real one, of which less and less is taken away until an ingest fits again."""
    embedder, ends = LetterEmbedder(), list[int]()
    with tmpfs("64m") as disk, quick_folder() as elsewhere:
        knowledge, index, filler = elsewhere / "knowledge", disk / "index", disk / "filler"
        for n in (1, 2):
            write(knowledge, n)
            assert failing.ingest(knowledge, index, store).status == 0
        size = used(index) // 2
        steps = rounds(8, 60)
        for n in range(3, steps + 3):
            filler.write_bytes(b"")
            room = int(2 * size * (n - 3) / (steps - 1)) // 4096 * 4096
            free = shutil.disk_usage(disk).free
            filler.write_bytes(bytes(max(0, free - room)))
            before = shutil.disk_usage(disk).free
            write(knowledge, n)
            ended = failing.ingest(knowledge, index, store)
            ends.append(ended.status)
            if ended.status == 0:
                assert answered_by(index, embedder) == n
                continue
            assert told_in_one_sentence(ended), ended
            assert "free some space" in ended.said, ended
            assert shutil.disk_usage(disk).free >= before - 64 * 1024, "the space was not given back"
            filler.unlink()
            assert answered_by(index, embedder) < n
            assert failing.ingest(knowledge, index, store).status == 0
            assert answered_by(index, embedder) == n
            assert leftovers(index) == []
        assert {0, 2} == set(ends)


def test_a_file_in_the_way_of_an_index(failing: Zygote) -> None:
    with quick_folder() as folder:
        write(folder / "knowledge", 1)
        for way in ("CURRENT.tmp", "ingest.lock", "unfinished", "CURRENT"):
            index = folder / way
            (index / way / "inside").mkdir(parents=True)
            ended = failing.ingest(folder / "knowledge", index, "faiss")
            if ended.status:
                assert told_in_one_sentence(ended), ended
                with suppress(LodestarError):
                    assert published(index) is None
            else:
                assert answered_by(index, LetterEmbedder()) == 1


LEXICAL = """
import random, sys
from pathlib import Path
from rag.index.lexical import build_lexical
draw = random.Random(0)
words = [f"word{n}" for n in range(100)]
try:
    build_lexical(Path(sys.argv[1]) / "lexical", [" ".join(draw.choices(words, k=200)) for _ in range(1000)])
except OSError as error:
    sys.exit(error.errno)
"""


@pytest.mark.parametrize("size", ["64k", "256k", "400k", "600k", "4m"])
def test_what_is_filled_through_a_mapping_does_not_end_the_process(size: str) -> None:
    """To write where a full disk has no room sends a signal that nobody survives, and that says nothing."""
    with tmpfs(size) as disk:
        ended = subprocess.run([sys.executable, "-c", LEXICAL, disk], check=False, capture_output=True, text=True)
        assert ended.stderr == ""
        assert ended.returncode == (0 if size == "4m" else errno.ENOSPC)
