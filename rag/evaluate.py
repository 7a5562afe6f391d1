"""python -m rag.evaluate: how well questions with known answers are answered, beside the plain recipe if you like."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag import command
from rag.answering.assistant import Assistant
from rag.config import Settings
from rag.documents.load import load
from rag.evaluation.answers import ask_all, summarise_answers
from rag.evaluation.evaluation import Evaluation, as_object
from rag.evaluation.judge import open_judge
from rag.evaluation.page import page
from rag.evaluation.questions import Question, of_split, read_questions, stale_references
from rag.evaluation.report import lines
from rag.evaluation.run import OURS, PLAIN, Lodestar, Side, run
from rag.evaluation.summary import summarise
from rag.index.build import digest_of, recipe_of, up_to_date
from rag.index.embed import Embedder, open_embedder
from rag.index.open import IndexReader, OpenIndex
from rag.ingest import Bar, ingest
from rag.schema import Document, LodestarError, Skipped

if TYPE_CHECKING:
    from benchmarks.plain import PlainRecipe

_ABOUT = """\
Measure how well questions with known answers are answered.

QUESTIONS.jsonl holds one JSON object a line: "question", and what shows that its answer was found: "keywords" (texts that a
right chunk holds), "references" (objects with source, start and end: the characters of a file that prove the answer) or "sources"
(files of the knowledge base). Also understood: "id", "category", "split", "turns" (earlier questions and answers, for follow-ups),
"answer" or "reference_answer", "standalone" (a follow-up as one would put it to a stranger). Questions of the category
"unanswerable" have no answer in the documents and count only with --answers."""

_WHICH_INDEX = """\
Which index is measured:
  nothing given                the one you use, where it fits the knowledge base as it is now; else one built for this run in a
                               temporary folder. Your own index is never changed.
  --index DIR                  the one published there, as it is.
  --index DIR
    --knowledge-base DIR       that folder's index, brought up to date first (as python -m rag.ingest does); keep it to
                               measure again without waiting.

The same files and questions give the same figures every time, times apart."""


def main() -> None:
    parser = command.parser(_ABOUT, "evaluate")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _WHICH_INDEX
    parser.add_argument("questions", metavar="QUESTIONS.jsonl", type=Path, help="the questions, one JSON object a line")
    parser.add_argument(
        "--knowledge-base", type=Path, metavar="DIR", help="folder of Markdown (RAG_KNOWLEDGE_BASE, knowledge-base)"
    )
    parser.add_argument("-k", "--k", type=int, metavar="N", help="how many chunks a search may find (RAG_K, 10)")
    parser.add_argument("--split", choices=("dev", "held_out"), help="only the questions of this half")
    parser.add_argument(
        "--compare", action="store_true", help="beside it the plain recipe: 1,000-character chunks, same model, Chroma"
    )
    parser.add_argument(
        "--answers", action="store_true", help="also have every question answered, and score the answers"
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write the report as one page that opens in a browser"
    )
    arguments = parser.parse_args()
    settings = command.settings_from(arguments)
    _check_writable(arguments.html)
    questions = read_questions(arguments.questions)
    if arguments.split:
        questions = of_split(questions, arguments.split, arguments.questions)
    if not arguments.answers and not any(question.measurable for question in questions):
        raise LodestarError(
            f"No question of {arguments.questions} can be measured; give them keywords, references or sources."
        )
    with ExitStack() as stack:
        evaluation = _evaluate(arguments, settings, questions, stack)
    if arguments.html is not None:
        _write(arguments.html, page(evaluation))
    if arguments.json:
        print(json.dumps(as_object(evaluation), ensure_ascii=False))
        return
    for line in lines(evaluation):
        print(line)


def _evaluate(
    arguments: argparse.Namespace, settings: Settings, questions: list[Question], stack: ExitStack
) -> Evaluation:
    plain_recipe = _plain_recipe() if arguments.compare else None
    embedder = open_embedder(settings)
    as_it_is = arguments.index is not None and arguments.knowledge_base is None
    # The plain recipe is built from the files; an index that is taken as it is needs none.
    documents, skipped = ([], []) if as_it_is and plain_recipe is None else _documents(settings.knowledge_base)
    folder = settings.index if as_it_is else _index_folder(arguments, settings, embedder, documents, skipped, stack)
    reader = IndexReader(folder, embedder)
    index = reader.current()
    if as_it_is and plain_recipe is not None and index.manifest.digest != digest_of(documents):
        raise LodestarError(
            f"The index in {folder} was not built from {settings.knowledge_base} as it is now, so the two cannot be compared; "
            "run python -m rag.ingest, or name the folder with --knowledge-base."
        )
    # Who asks for JSON is a program that draws a bar of its own.
    steps = 100 if arguments.json else 10
    found: dict[str, Any] = {"notes": stale_references(questions, documents) if documents else []}
    if any(question.measurable for question in questions):
        sides: dict[str, Side] = {OURS: Lodestar(index, embedder, settings)}
        if plain_recipe is not None:
            with Bar(doing="Embedding the plain recipe", steps=steps) as bar:
                plain = plain_recipe(documents, _as_everyone_runs_it(settings, embedder), bar.show)
            stack.callback(plain.close)
            sides[PLAIN] = plain
        found |= _retrieval(questions, sides, index, settings.k, steps)
    if arguments.answers:
        found |= _answers(questions, settings.model_copy(update={"index": folder}), embedder, reader, steps)
    return Evaluation(str(arguments.questions), arguments.split or "", questions, **found)


def _as_everyone_runs_it(settings: Settings, embedder: Embedder) -> Embedder:
    """The shipped model by sentence-transformers: the vectors are the same, the time is the recipe's own."""
    if settings.embedder != "minilm":
        return embedder
    return open_embedder(settings.model_copy(update={"embedder": "sentence-transformers", "embedding_model": ""}))


def _retrieval(
    questions: list[Question], sides: dict[str, Side], index: OpenIndex, k: int, steps: int
) -> dict[str, Any]:
    with Bar("Searching", "Searched for", "questions", steps=steps) as bar:
        rows = run(questions, sides, k, bar.show)
    return {"rows": rows, "summary": summarise(rows, {name: len(side.chunks) for name, side in sides.items()}, k)}


def _answers(
    questions: list[Question], settings: Settings, embedder: Embedder, reader: IndexReader, steps: int
) -> dict[str, Any]:
    assistant = Assistant(settings, embedder, reader)
    assistant.llms()
    assistant.warm_up()
    judge = open_judge(settings, embedder)
    try:
        with Bar("Answering", "Answered", "questions", steps=steps) as bar:
            answered = ask_all(questions, assistant, judge, bar.show)
    finally:
        if judge is not None:
            judge.close()
    return {"answered": answered, "answers": summarise_answers(answered), "judge": judge.label if judge else ""}


def _documents(knowledge_base: Path) -> tuple[list[Document], list[Skipped]]:
    items = list(load(knowledge_base))
    return (
        [item for item in items if isinstance(item, Document)],
        [item for item in items if isinstance(item, Skipped)],
    )


def _index_folder(
    arguments: argparse.Namespace,
    settings: Settings,
    embedder: Embedder,
    documents: list[Document],
    skipped: list[Skipped],
    stack: ExitStack,
) -> Path:
    """The folder of an index that fits the documents; built, if it must be, where the person said or in a temporary folder."""
    if arguments.index is None:
        recipe = recipe_of(embedder, settings.chunk_size, settings.chunk_overlap, settings.store)
        if up_to_date(settings.index, digest_of(documents), recipe, skipped):
            return settings.index
        temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="lodestar-", ignore_cleanup_errors=True))
        settings = settings.model_copy(update={"index": Path(temporary)})
        print("The index in use is another's or out of date: building one for this run only.", file=sys.stderr)
    with Bar() as bar:
        ingest(settings, progress=bar.show)
    return settings.index


def _plain_recipe() -> type[PlainRecipe]:
    """Looked up only when it is asked for: it is no part of what is installed."""
    try:
        from benchmarks.plain import PlainRecipe
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("benchmarks"):
            raise
        raise LodestarError(
            "--compare needs the folder benchmarks/; run the command from the repository's root."
        ) from None
    return PlainRecipe


def _check_writable(page: Path | None) -> None:
    """Before minutes are spent on what then cannot be written."""
    if page is not None and page.is_dir():
        raise LodestarError(f"{page} is a folder; name a file for --html.")
    if page is not None and not page.resolve().parent.is_dir():
        raise LodestarError(f"There is no folder {page.parent} to write {page.name} to; make it first.")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise LodestarError(
            f"{path} cannot be written ({(error.strerror or '').lower()}); name another file."
        ) from None


if __name__ == "__main__":
    command.run(main)
