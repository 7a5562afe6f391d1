"""One bad file never stops an ingest; it is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.documents.load import LOADERS, Documents, read_text
from rag.schema import KnowledgeBaseError
from tests.integration.conftest import environment
from tests.trust.bad_files import BAD, Bad
from tests.trust.ingesting import GOOD, check_chunks, found, ingest_letters, write
from tests.trust.rounds import rounds

NOBODY = 65534


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    write(folder, GOOD)
    return folder


@pytest.mark.usefixtures("no_hanging")
@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_bad_file_among_good_ones(base: Path, tmp_path: Path, bad: Bad) -> None:
    bad.place(base)
    built, index = ingest_letters(base, tmp_path / "index")
    skipped = dict(built.manifest.skipped)
    if bad.reason:
        assert list(skipped) == [bad.source]
        assert bad.reason in skipped[bad.source]
        assert ";" in skipped[bad.source], "it does not say how to mend it"
    else:
        assert skipped == {}
        assert bad.source in found(index, bad.words)
    for source, text in GOOD.items():
        assert found(index, text.splitlines()[-1])[0] == source
    check_chunks(index, {document.source: document.text for document in Documents(base)})
    again, _ = ingest_letters(base, tmp_path / "index")
    assert again.unchanged


def test_all_bad_files_at_once(base: Path, tmp_path: Path) -> None:
    for at, bad in enumerate(BAD):
        folder = base / f"kind-{at}"
        folder.mkdir()
        try:
            bad.place(folder)
        except pytest.skip.Exception:
            folder.rmdir()
    built, index = ingest_letters(base, tmp_path / "index")
    named = {source.split("/")[0] for source, _ in built.manifest.skipped}
    wanted = {f"kind-{at}" for at, bad in enumerate(BAD) if bad.reason and (base / f"kind-{at}").is_dir()}
    assert named == wanted
    check_chunks(index, {document.source: document.text for document in Documents(base)})


def test_very_many_files(base: Path, tmp_path: Path) -> None:
    many = rounds(2_000, 20_000)
    for at in range(many):
        (base / f"{at}.md").write_text(f"tiny {at}")
    built, index = ingest_letters(base, tmp_path / "index")
    assert built.manifest.documents == many + len(GOOD)
    assert "1234.md" in found(index, "tiny 1234")


def test_a_line_of_many_megabytes(base: Path, tmp_path: Path) -> None:
    (base / "line.md").write_text("xylophone " + "the quick brown fox " * (rounds(1, 50) * 50_000))
    built, index = ingest_letters(base, tmp_path / "index")
    assert built.manifest.skipped == ()
    assert "line.md" in found(index, "xylophone")
    check_chunks(index, {document.source: document.text for document in Documents(base)})


def test_what_this_user_may_not_read(base: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything; tests/unit/documents/test_skipped.py does this as another user")
    (base / "closed.md").write_text("closed")
    (base / "closed.md").chmod(0)
    built, _ = ingest_letters(base, tmp_path / "index")
    assert dict(built.manifest.skipped) == {"closed.md": "it cannot be read (permission denied; let this user read it)"}


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _binary(path: Path) -> None:
    path.write_bytes(b"\0\0")


def _changed(path: Path) -> None:
    path.write_text("# Changed\n\nThe viola was sold.")


def _linked_out(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


@pytest.fixture
def after_readings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, Callable[[Path], None], Path], None]]:
    """Do something to a file when it has been read so many times."""

    def plan(times: int, change: Callable[[Path], None], path: Path) -> None:
        seen = 0

        def read(file: Path) -> str:
            nonlocal seen
            text = read_text(file)
            if file == path.resolve():
                seen += 1
                if seen == times:
                    change(path)
            return text

        monkeypatch.setitem(LOADERS, ".md", read)

    return plan  # type: ignore[return-value]


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("change", [Path.unlink, _emptied, _binary, _changed, _linked_out], ids=lambda c: c.__name__)
def test_a_file_that_changes_while_it_is_ingested(
    base: Path,
    tmp_path: Path,
    after_readings: Callable[[int, Callable[[Path], None], Path], None],
    times: int,
    change: Callable[[Path], None],
) -> None:
    after_readings(times, change, base / "zebra/last.md")
    built, index = ingest_letters(base, tmp_path / "index")
    assert found(index, "barometer")[0] == "good.md"
    named = [source for source, _ in built.manifest.skipped]
    if times < 3 and change in (_emptied, _binary, _linked_out):
        assert named == ["zebra/last.md"]
    in_index = {chunk.source for chunk in index.chunks}
    assert in_index | set(named) | ({"zebra/last.md"} if change is Path.unlink else set()) >= set(GOOD)
    assert not in_index & set(named)
    # Whatever was caught on the way, the next ingest sees that it is not what lies there, and then it is.
    after, later = ingest_letters(base, tmp_path / "index")
    check_chunks(later, {document.source: document.text for document in Documents(base)})
    assert after.unchanged == (times < 3)


def test_all_files_that_go_away_are_told_in_one_sentence(
    base: Path, tmp_path: Path, after_readings: Callable[[int, Callable[[Path], None], Path], None]
) -> None:
    def remove_all(path: Path) -> None:
        for source in GOOD:
            (base / source).unlink()

    after_readings(2, remove_all, base / "zebra/last.md")
    with pytest.raises(KnowledgeBaseError, match="went away while they were read"):
        ingest_letters(base, tmp_path / "index")


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_what_is_printed_of_hostile_names_is_not_obeyed(base: Path, tmp_path: Path, flags: tuple[str, ...]) -> None:
    names = ["\x1b[2J\x1b]0;owned\x07.md", "a\nSkipped good.md: it is gone.md", "\u202etxt.md", "\x9b31m.md", '".md']
    for name in names:
        (base / name).write_bytes(b"")
    command = [sys.executable, "-m", "rag.ingest", "--knowledge-base", str(base), "--index", str(tmp_path / "index")]
    done = subprocess.run([*command, *flags], cwd=tmp_path, env=environment(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode("utf-8").splitlines()
    assert all(line.isprintable() for line in lines)
    if flags:
        (line,) = lines
        assert {item["source"] for item in json.loads(line)["skipped"]} == set(names)
    else:
        assert len([line for line in lines if line.startswith("Skipped ")]) == len(names)
        assert "Skipped good.md: it is gone" not in [line[:27] for line in lines]
