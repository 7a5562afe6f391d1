"""python -m rag.ingest: build the index of a knowledge base and publish it beside the running app."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rag import command
from rag.config import Settings
from rag.documents.load import Documents
from rag.index.build import Built, build, recipe_of
from rag.index.embed import open_embedder
from rag.index.embed_chunks import Progress
from rag.index.generation import writer
from rag.index.nearest import searching
from rag.index.store import store_kind
from rag.retrieval.abstain import CHOSEN
from rag.schema import KnowledgeBaseError

if TYPE_CHECKING:
    from rag.evaluation.saved_questions import Fared


def ingest(settings: Settings, *, rebuild: bool = False, progress: Progress = lambda done, total: None) -> Built:
    """Load, split, embed, store and publish. Raises LodestarError; whatever happens, the published index stays whole."""
    store_kind(settings.store)
    documents = Documents(settings.knowledge_base)
    if not sum(1 for _ in documents):  # nothing is kept of it: a knowledge base need not fit into memory
        first = next(iter(documents.skipped), None)
        why = f" ({first.source} was skipped because {first.reason})" if first else ""
        raise KnowledgeBaseError(
            f"The knowledge base {settings.knowledge_base} holds no Markdown file that can be read{why}; "
            "put .md files into its folders."
        )
    embedder = open_embedder(settings)
    recipe = recipe_of(embedder, settings.chunk_size, settings.chunk_overlap, settings.store)
    with writer(settings.index):
        return build(
            settings.index,
            documents,
            documents.skipped,
            embedder,
            recipe,
            abstention=CHOSEN,
            rebuild=rebuild,
            progress=progress,
        )


def main() -> None:
    parser = command.parser("Build the index of a knowledge base.", "ingest")
    parser.add_argument(
        "--knowledge-base", type=Path, metavar="DIR", help="folder of Markdown (RAG_KNOWLEDGE_BASE, knowledge-base)"
    )
    parser.add_argument("--store", help="chroma or faiss (RAG_STORE, chroma)")
    parser.add_argument("--rebuild", action="store_true", help="embed everything again, even what did not change")
    arguments = parser.parse_args()
    command.end_in_order()
    started = time.perf_counter()
    settings = command.settings_from(arguments)
    with Bar(steps=100 if arguments.json else 10) as bar:
        built = ingest(settings, rebuild=arguments.rebuild, progress=bar.show)
    seconds = time.perf_counter() - started
    _report(built, settings, seconds, None if built.unchanged else _fared(settings), arguments.json)


class Bar:
    """Progress on standard error: a bar with the time left on a terminal, else a line for each of `steps` parts."""

    def __init__(
        self, doing: str = "Embedding", done: str = "Embedded", things: str = "chunks", *, steps: int = 10
    ) -> None:
        from tqdm import tqdm

        self._done, self._things = done, things
        self._terminal = sys.stderr.isatty()
        self._started = 0.0
        self._steps, self._step = steps, -1
        self._bar = tqdm(unit=f" {things}", desc=doing, disable=not self._terminal, leave=False, total=0)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.close()

    def show(self, done: int, total: int) -> None:
        if self._terminal:
            self._bar.total = total
            self._bar.update(done - self._bar.n)
            return
        if done == 0:
            self._started = time.perf_counter()
        step = self._steps * done // max(1, total)
        if step > self._step and total:
            self._step = step
            spent = time.perf_counter() - self._started
            left = (
                f", {done / spent:.0f} a second, about {spent / done * (total - done):.0f} s left"
                if 0 < done < total
                else ""
            )
            # In one piece: another thread may be saying something too.
            sys.stderr.write(f"{self._done} {done} of {total} {self._things}{left}\n")
            sys.stderr.flush()


def _fared(settings: Settings) -> Fared | None:
    """How saved questions do on the new index. It is published already: nothing that goes wrong here is a fault of it."""
    if not settings.feedback.is_file():
        return None
    try:
        from rag.evaluation.saved_questions import fared

        return fared(settings)
    except Exception as error:
        print(f"The saved questions could not be asked: {command.one_line(str(error))}", file=sys.stderr)
        return None


def _report(built: Built, settings: Settings, seconds: float, fared: Fared | None, as_json: bool) -> None:
    manifest = built.manifest
    how = searching(built.folder / manifest.recipe.store)
    if as_json:
        report = {
            "documents": manifest.documents,
            "chunks": manifest.chunks,
            "embedded": built.embedded,
            "reused": built.reused,
            "dimensions": manifest.recipe.dim,
            "seconds": round(seconds, 3),
            "generation": manifest.name,
            "unchanged": built.unchanged,
            "store": manifest.recipe.store,
            "vector_search": how and {"exact": how.exact, "recall_at_10": how.recall},
            "index": str(settings.index),
            "doc_types": dict(manifest.doc_types),
            "skipped": [{"source": source, "reason": reason} for source, reason in manifest.skipped],
            "invisible_share": round(built.invisible, 6),
            "saved_questions": fared and {"asked": fared.asked, "found": fared.found},
        }
        print(json.dumps(report, ensure_ascii=False))
        return
    for source, reason in manifest.skipped:
        print(f"Skipped {command.one_line(source)}: {reason}.")
    if manifest.skipped:
        print(f"{len(manifest.skipped)} {'file was' if len(manifest.skipped) == 1 else 'files were'} skipped.")
    if built.unchanged:
        print("Nothing has changed since the last ingest.")
    elif built.invisible:
        print(f"{built.invisible:.1%} of the text lies beyond what the embedding model reads; lower RAG_CHUNK_SIZE.")
    if how:
        print(f"Vector search in {manifest.recipe.store}: {how}.")
    print(
        f"{manifest.documents} documents, {manifest.chunks} chunks ({built.embedded} embedded, {built.reused} reused), "
        f"{manifest.recipe.dim} dimensions, {seconds:.1f} s, generation {manifest.name}"
    )
    if fared:
        from rag.evaluation.saved_questions import sentence

        print(sentence(fared, f"python -m rag.evaluate {command.one_line(str(settings.feedback))} tells more"))


if __name__ == "__main__":
    command.run(main)
