"""python -m rag.ask: a question, and its answer with the sentences that prove it."""

from __future__ import annotations

import json
import sys
from typing import Any

from rag import command
from rag.answering.assistant import Assistant
from rag.answering.respelled import respelled
from rag.schema import Answer, LodestarError


def main() -> None:
    parser = command.parser("Ask the documents.", "ask")
    parser.add_argument(
        "question", metavar="QUESTION", help="the question, or - to read one a line from standard input"
    )
    parser.add_argument("--doc-type", metavar="T", help="only documents of this doc_type")
    arguments = parser.parse_args()
    assistant = Assistant.open(command.settings_from(arguments))
    assistant.overview()
    as_json = arguments.json or arguments.question == "-"
    # Other encodings than Unicode's lack most characters: JSON can do without them.
    ascii_only = not (sys.stdout.encoding or "").lower().startswith("utf")
    notify = _print_notice if sys.stderr.isatty() else lambda notice: None
    failed = ""
    for question in command.questions(arguments.question):
        if as_json:
            answer = assistant.ask(question, doc_type=arguments.doc_type, notify=notify)
            print(json.dumps(as_object(answer), ensure_ascii=ascii_only), flush=True)
        else:
            answer = assistant.ask(question, doc_type=arguments.doc_type, emit=_print_piece, notify=notify)
            _print_sources(answer)
            if sentence := respelled(answer.trace):
                _print_notice(sentence)
        failed = failed or answer.fault
    if failed:
        raise LodestarError(failed)


def as_object(answer: Answer) -> dict[str, Any]:
    """An answer as the command and the benchmarks print it; `fault` is there only when the endpoint failed."""
    report: dict[str, Any] = {
        "question": answer.question,
        "answer": answer.text,
        "refused": answer.refused,
        "citations": [
            {
                "n": citation.n,
                "source": citation.chunk.source,
                "doc_type": citation.chunk.doc_type,
                "start": citation.start,
                "end": citation.end,
                "quote": citation.quote,
            }
            for citation in answer.citations
        ],
        "llm": answer.llm,
        "first_token_ms": answer.trace.first_token_ms,
        "ms": answer.trace.ms,
    }
    if answer.fault:
        report["fault"] = answer.fault
    return report


def _print_piece(piece: str) -> None:
    sys.stdout.write(piece)
    sys.stdout.flush()


def _print_notice(notice: str) -> None:
    print(f"lodestar: {notice}", file=sys.stderr, flush=True)


def _print_sources(answer: Answer) -> None:
    print()
    last = 0
    for citation in answer.citations:
        if citation.n != last:
            chunk = citation.chunk
            where = f"{chunk.title} > {chunk.heading}" if chunk.heading else chunk.title
            print(f"\n[{citation.n}] {where}  ({command.one_line(chunk.source)})")
            last = citation.n
        print(f"    \u201c{' '.join(citation.quote.split())}\u201d")


if __name__ == "__main__":
    command.run(main)
