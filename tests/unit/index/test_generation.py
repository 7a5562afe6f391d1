"""Generations on disk: what is published, how it is replaced, and what is said of one that is not whole."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rag.index import generation
from rag.index.damage import damage, file_hashes
from rag.index.generation import (
    MANIFEST,
    Manifest,
    Recipe,
    generations,
    new_name,
    point_at,
    publish,
    published,
    writer,
)
from rag.index.leftovers import drop_old
from rag.schema import LodestarError, VectorIndexError
from tests.unit.index.building import names

RECIPE = Recipe("letters@1", 27, 64, "float32", "structure-1", 64, 0, "exact")


def make(index: Path, name: str = "gen-1", **files: str) -> tuple[Path, Manifest]:
    """A finished folder that waits to be published, and its manifest."""
    folder = index / f"{name}.tmp"
    (folder / "store").mkdir(parents=True)
    for file, text in {"chunks.jsonl": "{}", **files}.items():
        (folder / file).write_text(text)
    (folder / "store/rows").write_text("1 2 3")
    manifest = Manifest(
        name, "2026-01-01", RECIPE, "digest", 1, {"a": 1}, (("a/b.md", "it is empty"),), 1, (), file_hashes(folder)
    )
    manifest.write(folder)
    return folder, manifest


def test_nothing_is_published_in_an_empty_or_missing_folder(tmp_path: Path) -> None:
    assert published(tmp_path) is None
    assert published(tmp_path / "missing") is None


def test_what_was_published_is_found(tmp_path: Path) -> None:
    folder, manifest = make(tmp_path)
    assert publish(tmp_path, folder, "gen-1") == published(tmp_path) == tmp_path / "gen-1"
    assert (tmp_path / "CURRENT").read_text() == "gen-1\n"
    assert Manifest.read(tmp_path / "gen-1") == manifest
    assert names(tmp_path) == ["CURRENT", "gen-1"]


def test_the_last_two_generations_are_kept(tmp_path: Path) -> None:
    for n in range(1, 5):
        publish(tmp_path, make(tmp_path, f"gen-{n}")[0], f"gen-{n}")
        drop_old(tmp_path)
    assert names(tmp_path) == ["CURRENT", "gen-3", "gen-4"]


def test_a_generation_is_current_only_once_it_lies_there_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop at every step that reaches the disk: the old one is found, or the new one, and it is whole."""
    publish(tmp_path, make(tmp_path, "gen-1")[0], "gen-1")
    folder, _ = make(tmp_path, "gen-2")
    seen: list[str] = []

    def sync_and_look(path: Path) -> None:
        now = published(tmp_path)
        assert now is not None
        assert damage(now, Manifest.read(now)) == ""
        seen.append(now.name)

    monkeypatch.setattr(generation, "_sync", sync_and_look)
    publish(tmp_path, folder, "gen-2")
    assert seen[0] == "gen-1"
    assert seen[-1] == "gen-2"
    assert seen == sorted(seen)


def test_every_file_reaches_the_disk_before_the_name_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _ = make(tmp_path)
    synced: list[str] = []
    monkeypatch.setattr(generation, "_sync", lambda path: synced.append(path.relative_to(tmp_path).as_posix()))
    publish(tmp_path, folder, "gen-1")
    inside = [path.relative_to(tmp_path).as_posix() for path in (tmp_path / "gen-1").rglob("*")]
    assert set(synced[: len(inside)]) == {path.replace("gen-1", "gen-1.tmp") for path in inside}


def test_one_can_go_back_to_an_older_generation(tmp_path: Path) -> None:
    for n in (1, 2):
        publish(tmp_path, make(tmp_path, f"gen-{n}")[0], f"gen-{n}")
    point_at(tmp_path, "gen-1")
    assert published(tmp_path) == tmp_path / "gen-1"


@pytest.mark.parametrize(
    "content",
    [
        b"gen-9\n",
        b"",
        b"../elsewhere\n",
        b"gen-1/..\n",
        b"ingest.lock\n",
        b"\xff\xfe",
        b"gen-" + b"1" * 300,
        b"gen-1.tmp",
    ],
)
def test_current_that_names_nothing_is_told(tmp_path: Path, content: bytes) -> None:
    publish(tmp_path, make(tmp_path)[0], "gen-1")
    (tmp_path / "CURRENT").write_bytes(content)
    with pytest.raises(VectorIndexError, match=r"CURRENT .*; run: python -m rag\.ingest --rebuild\.$"):
        published(tmp_path)


def test_a_generation_dropped_since_current_was_read_gives_way_to_the_newer_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, make(tmp_path)[0], "gen-2")
    reads = iter(["gen-1", "gen-2"])
    monkeypatch.setattr(generation, "_current", lambda index: next(reads))
    assert published(tmp_path) == tmp_path / "gen-2"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 4}', '{"format": 4, "recipe": {}}', "null"])
def test_a_manifest_that_cannot_be_read_is_told(tmp_path: Path, text: str) -> None:
    folder, _ = make(tmp_path)
    (folder / MANIFEST).write_text(text)
    with pytest.raises(VectorIndexError, match="manifest cannot be read"):
        Manifest.read(folder)


def test_a_missing_manifest_is_told(tmp_path: Path) -> None:
    with pytest.raises(VectorIndexError, match="manifest cannot be read"):
        Manifest.read(tmp_path)


def test_another_format_is_told(tmp_path: Path) -> None:
    folder, _ = make(tmp_path)
    data = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(data | {"format": 99}))
    with pytest.raises(VectorIndexError, match="format 99, this version reads"):
        Manifest.read(folder)


@pytest.mark.parametrize("name", ["chunks.jsonl", "store/rows"])
def test_damage_names_the_file(tmp_path: Path, name: str) -> None:
    folder, manifest = make(tmp_path)
    assert damage(folder, manifest) == ""
    (folder / name).write_text("changed")
    assert damage(folder, manifest) == f"{name} has changed"
    (folder / name).unlink()
    assert damage(folder, manifest) == f"{name} is missing"


def test_finished_generations_are_listed_newest_first(tmp_path: Path) -> None:
    for n in (1, 2, 3):
        make(tmp_path, f"gen-{n}")
        if n != 3:
            publish(tmp_path, tmp_path / f"gen-{n}.tmp", f"gen-{n}")
    (tmp_path / "gen-9").write_text("no folder")
    assert [folder.name for folder in generations(tmp_path)] == ["gen-2", "gen-1"]
    assert generations(tmp_path / "missing") == []


def test_names_sort_by_time_and_end_in_what_they_hold() -> None:
    made = [new_name("a"), new_name("b"), new_name("a")]
    assert made == sorted(made)
    assert len(set(made)) == 3
    assert made[0][-8:] == made[2][-8:] != made[1][-8:]


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from rag.index.generation import writer\n"
        "with writer(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(LodestarError, match=r"^Another ingest is writing .*; wait for it to end\.$"),
            writer(tmp_path),
        ):
            pass
        other.communicate("")
    with writer(tmp_path):  # the lock went with its holder
        pass


def test_an_index_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for index in (tmp_path / "file", tmp_path / "file/x"):
        with (
            pytest.raises(LodestarError, match=r"cannot be written \(.+\); name another with --index\.$"),
            writer(index),
        ):
            pass


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_nothing_more_is_told(tmp_path: Path, number: int) -> None:
    with pytest.raises(LodestarError, match="cannot be written"), writer(tmp_path):
        raise OSError(number, os.strerror(number))


def test_another_fault_of_the_work_is_not_taken_for_one_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), writer(tmp_path / "index"):
        (tmp_path / "model").read_text()


def test_names_sort_even_where_the_clock_is_set_back() -> None:
    ahead = "gen-29990101T000000.999999Z-01234567"
    names = [ahead]
    for _ in range(3):
        names.append(new_name("a", names[-1]))
    assert names == sorted(set(names))
    assert names[1].startswith("gen-29990101T000001.000000Z-")
    assert new_name("a", "gen-z") < "gen-3"


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (OSError("12 requested and 0 written"), r"\(no space left on device\); free some space, or name another with"),
        (OSError(errno.EIO, "Input/output error"), r"\(input/output error\); name another with"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "{index}/gen-1.tmp"), "name another with"),
    ],
)
def test_every_fault_of_the_disk_is_told(tmp_path: Path, error: OSError, fix: str) -> None:
    if error.filename:
        error.filename = error.filename.format(index=tmp_path)
    with pytest.raises(LodestarError, match=fix), writer(tmp_path):
        raise error
