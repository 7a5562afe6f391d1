"""What an ingest changed: two generations compared, document by document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rag.index.chunks import Chunks
from rag.index.generation import Manifest, published
from rag.schema import VectorIndexError


@dataclass(frozen=True, slots=True)
class Changes:
    """Sources that came, changed and went, each in order. `recut`: the documents were also cut in another way, so that a
    change in one of them cannot be told from that, and `changed` is empty."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    recut: bool = False


def changes(before: Mapping[str, str], after: Mapping[str, str], *, recut: bool = False) -> Changes:
    """What leads from one to the other; both map a document's source to a fingerprint of its text."""
    changed = sorted(source for source in before.keys() & after.keys() if before[source] != after[source])
    return Changes(
        added=tuple(sorted(after.keys() - before.keys())),
        changed=() if recut else tuple(changed),
        removed=tuple(sorted(before.keys() - after.keys())),
        recut=recut,
    )


def between(before: Path, after: Path) -> Changes:
    """What leads from one generation's folder to another's. Raises VectorIndexError where one cannot be read."""
    old, new = Manifest.read(before), Manifest.read(after)
    if old.digest == new.digest:
        return Changes(recut=_cut(old) != _cut(new))
    try:
        return changes(Chunks(before).fingerprints(), Chunks(after).fingerprints(), recut=_cut(old) != _cut(new))
    except (OSError, ValueError, KeyError, TypeError):
        raise VectorIndexError("One of the two indexes cannot be read, so they cannot be compared.") from None


def last_changes(index: Path) -> tuple[Manifest, Changes] | None:
    """The generation before the published one, and what has changed since; None where there is none, or none to read."""
    try:
        now = published(index)
        if now is None:
            return None
        older = [path for path in index.glob("gen-*") if path.suffix != ".tmp" and path.name < now.name]
        before = max(older, default=None)
        return (Manifest.read(before), between(before, now)) if before else None
    except VectorIndexError:
        return None


def _cut(manifest: Manifest) -> tuple[object, ...]:
    recipe = manifest.recipe
    return recipe.chunker, recipe.chunk_size, recipe.chunk_overlap, recipe.embedder
