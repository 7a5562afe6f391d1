"""python -m rag.search: ask the index, no language model involved."""

from __future__ import annotations

import json
import time
from typing import Any

from rag import command
from rag.index.embed import open_embedder
from rag.index.open import IndexReader
from rag.retrieval.hybrid import retrieve, spelled
from rag.schema import Retrieved


def main() -> None:
    parser = command.parser("Search the index.", "search")
    parser.add_argument(
        "question", metavar="QUESTION", help="the question, or - to read one a line from standard input"
    )
    parser.add_argument("-k", type=int, metavar="N", help="how many chunks (RAG_K, 10)")
    parser.add_argument("--doc-type", metavar="T", help="only documents of this doc_type")
    arguments = parser.parse_args()
    settings = command.settings_from(arguments)
    embedder = open_embedder(settings)
    reader = IndexReader(settings.index, embedder)
    reader.current()
    for question in command.questions(arguments.question):
        started = time.perf_counter()
        index = reader.current()
        found = retrieve(question, index, embedder, settings.k, doc_type=arguments.doc_type, settings=settings)
        ms = (time.perf_counter() - started) * 1000
        if arguments.json or arguments.question == "-":
            report = {"question": question, "ms": round(ms, 2), "results": as_json(found)}
            print(json.dumps(report, ensure_ascii=False), flush=True)
        else:
            if (searched := spelled(question, index, embedder, settings)) != question:
                print(f"Searched for: {searched}\n")
            _print(found, arguments.doc_type, sorted(index.manifest.doc_types))


def as_json(found: list[Retrieved]) -> list[dict[str, Any]]:
    """The results as the command and the benchmarks print them."""
    return [
        {
            "rank": rank,
            "score": item.score,
            "source": item.chunk.source,
            "doc_type": item.chunk.doc_type,
            "title": item.chunk.title,
            "heading": item.chunk.heading,
            "start": item.chunk.start,
            "end": item.chunk.end,
            "text": item.chunk.text,
        }
        for rank, item in enumerate(found, 1)
    ]


def _print(found: list[Retrieved], doc_type: str | None, doc_types: list[str]) -> None:
    if not found:
        print(
            f"Nothing of the doc_type {doc_type} is in the index; it holds {', '.join(doc_types)}."
            if doc_type
            else "Nothing found."
        )
    for rank, item in enumerate(found, 1):
        chunk = item.chunk
        where = f"{chunk.title} > {chunk.heading}" if chunk.heading else chunk.title
        print(
            f"{rank}. {where}  [{item.score:.2f}]\n   {command.one_line(chunk.source)}, characters {chunk.start} to {chunk.end}"
        )
        print("   " + "\n   ".join(chunk.body.splitlines()) + "\n")


if __name__ == "__main__":
    command.run(main)
