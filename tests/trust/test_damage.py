"""A damaged index is noticed before the first answer: the generation before it answers, or it is said what to run.

Each case damages the published generation in one way. Where there is an earlier one, all that is found must come from that,
with the same scores as ever, and with the notice; where there is none, one sentence says what to run. The published one may
answer on only if nothing that it finds has changed.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from rag.index.generation import generations
from rag.schema import VectorIndexError
from tests.trust.damaging import Damaged, documents, flip, judge, make, put_back, truncated
from tests.trust.rounds import SOAKING, rounds
from tests.unit.index.building import ingest

Damage = Callable[[Path], None]


def _folder_in_its_place(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pipe_in_its_place(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


DAMAGE: dict[str, Damage] = {
    "is cut at 0 %": truncated(0),
    "is cut at 25 %": truncated(0.25),
    "is cut at 50 %": truncated(0.5),
    "is cut at 99 %": truncated(0.99),
    "is deleted": Path.unlink,
    "is a folder": _folder_in_its_place,
    "is a named pipe": _pipe_in_its_place,
    "is a link to itself": _link_to_itself,
    "is zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)) and None,
}


STORES = ("chroma", "faiss")


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Damaged]:
    """An index in this store, of so many generations; each is made once."""

    @cache
    def made(store: str, count: int) -> Damaged:
        return make(tmp_path_factory.mktemp("damage") / "index", store, count)

    return made


@pytest.fixture(params=[(store, count) for store in STORES for count in (2, 1)], ids=str)
def damaged(request: pytest.FixtureRequest, indexes: Callable[[str, int], Damaged]) -> Iterator[Damaged]:
    """With an earlier generation and without; each test leaves it whole."""
    found = indexes(*request.param)
    yield found
    assert judge(found, "put back") == max(found.whole)


@pytest.fixture(params=STORES)
def pair(request: pytest.FixtureRequest, indexes: Callable[[str, int], Damaged]) -> Damaged:
    return indexes(request.param, 2)


def _answers_from_before(damaged: Damaged, what: str) -> None:
    """What is wrong was noticed: the generation before it answered, or none."""
    answered = judge(damaged, what)
    assert answered == ("" if len(damaged.whole) == 1 else min(damaged.whole)), what


def _cases(damaged: Damaged, seed: int) -> list[tuple[str, str]]:
    """Every file in every way; in CI of the published generation's files a third, other ones for each index."""
    every = [(name, how) for name in damaged.files() for how in DAMAGE]
    rng = random.Random(seed)
    return [case for case in every if SOAKING or case[0].count("/") == 0 or rng.random() < 0.34]


def test_every_file_is_missed(damaged: Damaged) -> None:
    for name, how in _cases(damaged, len(damaged.whole)):
        path = damaged.index / name
        whole = path.read_bytes()
        with put_back(path):
            DAMAGE[how](path)
            unchanged = path.is_file() and path.read_bytes() == whole  # of an empty file, or one of zeros
            what = f"{name} {how}"
            if name == "CURRENT" or unchanged:
                assert judge(damaged, what) == max(damaged.whole), what
            else:
                _answers_from_before(damaged, what)


def test_every_bit_counts(damaged: Damaged) -> None:
    rng = random.Random(7)
    files = [name for name in damaged.files() if (damaged.index / name).stat().st_size]
    for n in range(rounds(30, 200)):
        name = files[n % len(files)]
        with put_back(damaged.index / name):
            what = f"{name}: {flip(damaged.index / name, rng)}"
            if name == "CURRENT":
                assert judge(damaged, what) == max(damaged.whole), what
            else:
                _answers_from_before(damaged, what)


def test_files_of_two_generations_are_not_mixed(pair: Damaged) -> None:
    older = generations(pair.index)[1]
    mixed = 0
    for path in sorted(older.rglob("*")):
        other = pair.folder / path.relative_to(older)
        if not path.is_file() or not other.is_file() or path.read_bytes() == other.read_bytes():
            continue
        mixed += 1
        with put_back(other):
            shutil.copyfile(path, other)
            _answers_from_before(pair, f"{other.name} of the generation before")
    assert mixed > 5


def test_the_store_of_another_generation_is_noticed(pair: Damaged, tmp_path: Path) -> None:
    ours, theirs = (folder / pair.store for folder in generations(pair.index))
    ours.rename(tmp_path / "kept")
    shutil.copytree(theirs, ours)
    _answers_from_before(pair, "the store of the generation before")
    shutil.rmtree(ours)
    (tmp_path / "kept").rename(ours)
    assert judge(pair, "put back") == max(pair.whole)


def test_a_generation_under_the_name_of_another_is_noticed(pair: Damaged, tmp_path: Path) -> None:
    newer, older = generations(pair.index)
    newer.rename(tmp_path / "kept")
    shutil.copytree(older, newer)
    _answers_from_before(pair, "the generation before, under this one's name")
    shutil.rmtree(newer)
    (tmp_path / "kept").rename(newer)
    assert judge(pair, "put back") == max(pair.whole)


def test_every_folder_is_missed(damaged: Damaged, tmp_path: Path) -> None:
    """Chroma's graph of vectors among them: without it Chroma answers on, from next to nothing."""
    folders = sorted(path for path in damaged.folder.rglob("*") if path.is_dir())
    assert len(folders) > 4
    for folder in [*folders, damaged.folder]:
        folder.rename(tmp_path / "kept")
        _answers_from_before(damaged, f"no {folder.name}") if len(damaged.whole) > 1 else _none(damaged)
        (tmp_path / "kept").rename(folder)


def _none(damaged: Damaged) -> None:
    with pytest.raises(VectorIndexError, match=r"; run: python -m rag\.ingest --rebuild\.$"):
        damaged.reader().current()


@pytest.mark.parametrize("store", STORES)
def test_a_file_that_may_not_be_read_is_told(store: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        damaged = make(Path(place) / "index", store, 2)
        judge(damaged, "whole")  # imports what opening takes, before this process may read less
        nobody = 65534
        is_root = os.geteuid() == 0
        if is_root:
            for path in [damaged.index, *damaged.index.rglob("*")]:
                os.chown(path, nobody, nobody)
        names = damaged.files()
        names = names if SOAKING else [names[0], *random.Random(3).sample(names[1:], 6)]
        try:
            if is_root:
                os.seteuid(nobody)
            for name in names:
                (damaged.index / name).chmod(0)
                what = f"{name} may not be read"
                if name == "CURRENT":
                    assert judge(damaged, what) == max(damaged.whole), what
                else:
                    _answers_from_before(damaged, what)
                (damaged.index / name).chmod(0o644)
        finally:
            if is_root:
                os.seteuid(0)


@pytest.mark.parametrize("store", STORES)
def test_what_is_named_mends_it_while_it_runs(store: str, tmp_path: Path) -> None:
    rng = random.Random(11)
    for n in range(rounds(3, 30)):
        damaged = make(tmp_path / str(n), store, 1 + n % 2)
        name = rng.choice(damaged.files())
        DAMAGE[rng.choice(list(DAMAGE))](damaged.index / name)
        reader = damaged.reader()
        with suppress(VectorIndexError):
            assert reader.current().name in damaged.whole
        rebuilt = ingest(damaged.index, documents(3), store=store, rebuild=True)
        assert reader.current().name == rebuilt.manifest.name
        assert reader.chosen().notice == ""
        assert all("Marker3" in item.text for item in reader.current().chunks)
        shutil.rmtree(tmp_path / str(n))
