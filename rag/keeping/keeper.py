"""All that the tab Index shows and does, over one knowledge base and its index."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from rag.config import Settings
from rag.index.changes import Changes, between, last_changes
from rag.index.chunks import Chunks
from rag.index.contents import Listed, contents
from rag.index.embed import open_embedder
from rag.index.generation import Manifest, published
from rag.keeping import files
from rag.keeping.allowed import check, refusal
from rag.keeping.ingesting import Ingesting, Ingests
from rag.keeping.kept import Kept, go_to, kept
from rag.keeping.names import doc_type_name, file_name, shown
from rag.keeping.pending import Pending, pending
from rag.schema import Chunk, LodestarError, VectorIndexError


class Upload(NamedTuple):
    """A file that somebody chose: what they call it, and where it lies until it is kept."""

    name: str
    path: Path


@dataclass
class Added:
    """What became of uploads: sources that were written, and names with the reason why they were not; `existing` waits for
    a word on whether it is to be replaced."""

    written: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    existing: list[Upload] = field(default_factory=list)


class Keeper:
    """Safe to share. Whatever changes something takes `host`, the address that the asker's browser opened, and raises
    NotAllowed where that may change nothing."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._ingests = Ingests(settings)
        self._writing = threading.Lock()
        self._changed: Changes | None = None
        self._listed = lru_cache(maxsize=2)(_listed)

    def refusal(self, host: str) -> str:
        """Why nothing may be changed from there, in a sentence, or ""."""
        return refusal(self.settings, host)

    def manifest(self) -> Manifest:
        """What the published generation says of itself. Raises VectorIndexError where there is none."""
        return Manifest.read(self._folder())

    def documents(self) -> Sequence[Listed]:
        """The documents of the published generation. Raises VectorIndexError where there is none to read."""
        return self._listed(self._folder())

    def document(self, source: str, first: int, most: int) -> tuple[Listed, list[Chunk]]:
        """A document of the published generation, and up to `most` of its chunks from number `first` on (0: the first)."""
        folder = self._folder()
        listed = next((one for one in self._listed(folder) if one.source == source), None)
        if listed is None:
            raise LodestarError("That document is not in the index any more.")
        start = listed.first + max(0, min(first, listed.chunks - 1))
        return listed, _opened(folder)[start : min(start + most, listed.first + listed.chunks)]

    def kept(self) -> list[Kept]:
        """The generations there are, newest first."""
        return kept(self.settings.index)

    def last_changes(self) -> tuple[Manifest, Changes] | None:
        """What the published generation changed over the one before it, or None."""
        return last_changes(self.settings.index)

    def pending(self) -> Pending:
        """What lies in the knowledge base otherwise than in the index."""
        manifest = self.manifest()
        known = [one.source for one in self.documents()] + [source for source, _ in manifest.skipped]
        return pending(self.settings.knowledge_base, known, manifest.created)

    @property
    def ingesting(self) -> Ingesting:
        return self._ingests.now

    @property
    def changed(self) -> Changes | None:
        """What the ingest changed that was started here last; None where nothing can be said."""
        return self._changed

    def ingest(self, host: str) -> None:
        """Start an ingest; `ingesting` tells how far it is."""
        check(self.settings, host)
        before = self._published()
        generation = before.name if before else ""

        def ended(now: Ingesting) -> None:
            self._changed = None
            after = self._published()
            if now.report and before and after and after.name != generation and before.is_dir():
                self._changed = between(before, after)

        self._ingests.start(ended)

    def add(self, host: str, doc_type: str, uploads: Sequence[Upload], *, replace: bool = False) -> Added:
        """Write what was uploaded into the knowledge base, each file whole or not at all."""
        check(self.settings, host)
        try:
            folder = doc_type_name(doc_type)
        except LodestarError as error:
            raise LodestarError(f"{shown(doc_type)} cannot be a doc_type: {error}.") from None
        if len(uploads) > files.MOST_FILES:
            raise LodestarError(f"Please add up to {files.MOST_FILES} files at a time; these are {len(uploads)}.")
        added = Added()
        for upload in uploads:
            try:
                name = file_name(upload.name)
                content = files.readable(upload.path, name)
                with self._writing:
                    source = files.add(self.settings.knowledge_base, folder, name, content, replace=replace)
                added.written.append(source)
            except FileExistsError:
                added.existing.append(upload)
            except LodestarError as error:
                added.refused.append((shown(upload.name), str(error)))
        return added

    def remove(self, host: str, source: str) -> str:
        """Move a document of the index out of the knowledge base; where it is kept is returned."""
        check(self.settings, host)
        if not any(one.source == source for one in self.documents()):
            raise LodestarError("That document is not in the index any more.")
        with self._writing:
            return files.remove(self.settings.knowledge_base, source)

    def go_to(self, host: str, name: str) -> Manifest:
        """Publish a generation that is kept."""
        check(self.settings, host)
        return go_to(self.settings.index, name, open_embedder(self.settings).identity)

    def _published(self) -> Path | None:
        try:
            return published(self.settings.index)
        except VectorIndexError:
            return None

    def _folder(self) -> Path:
        folder = published(self.settings.index)
        if folder is None:
            raise VectorIndexError(f"There is no index in {self.settings.index} yet.")
        return folder


def _opened(folder: Path) -> Chunks:
    try:
        return Chunks(folder)
    except (OSError, ValueError, KeyError, TypeError):
        raise VectorIndexError("The published index cannot be read; run: python -m rag.ingest --rebuild.") from None


def _listed(folder: Path) -> Sequence[Listed]:
    try:
        return contents(_opened(folder))
    except (OSError, ValueError, KeyError, TypeError):
        raise VectorIndexError("The published index cannot be read; run: python -m rag.ingest --rebuild.") from None
