"""The generations that an index keeps, and the way from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rag.index.damage import visible_damage
from rag.index.generation import Manifest, point_at, published, writer
from rag.schema import LodestarError, VectorIndexError


@dataclass(frozen=True, slots=True)
class Kept:
    """A generation that could answer; `published`: it is the one that does."""

    manifest: Manifest
    published: bool


def kept(index: Path) -> list[Kept]:
    """Every generation whose manifest can be read, newest first."""
    now = published(index)
    found = []
    for folder in sorted(index.glob("gen-*"), reverse=True):
        if folder.name.endswith(".tmp"):
            continue
        try:
            found.append(Kept(Manifest.read(folder), folder == now))
        except VectorIndexError:
            continue
    return found


def go_to(index: Path, name: str, embedder: str) -> Manifest:
    """Publish a generation that is kept; questions find it from the next one on.

    `embedder` is the identity of the one that questions are embedded with. Raises LodestarError where the generation is
    gone, damaged or another embedder's, and while an ingest is writing.
    """
    with writer(index):
        chosen = next((one for one in kept(index) if one.manifest.name == name), None)
        if chosen is None:
            raise LodestarError("That index is not kept any more; a later ingest has taken its place.")
        if chosen.manifest.recipe.embedder != embedder:
            raise LodestarError(
                "That index was built with another embedding model, so questions cannot be asked of it."
            )
        if fault := visible_damage(index / name, chosen.manifest):
            raise LodestarError(f"That index is damaged ({fault}), so the published one stays.")
        point_at(index, name)
        return chosen.manifest
