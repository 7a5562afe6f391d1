"""The trail of a conversation on the map: what each question retrieved, as points of the map.

t-SNE cannot place what it was not drawn with, so a question has no place of its own. The page puts it where its chunks are: at
the point that has the least way to all of them, the better found ones counting more. It says what a question is near to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rag.index.open import OpenIndex
from rag.index.row_file import Rows
from rag.schema import Answer, Chunk
from rag.web import record
from rag.web.answer_text import plain
from rag.web.history import Message
from rag.web.labels import place_label
from rag.web.map_data import beginning

_MOST = 100  # chunks of one answer; what comes from a browser may claim any number
_BEGINNING = 240


def trail(messages: Sequence[Message], opened: OpenIndex, drawn: Rows) -> list[dict[str, Any]]:
    """The questions of a conversation that retrieved something which is in this generation, oldest first.

    Each chunk is named with its point, the number among those `drawn`. Where not all chunks are drawn, the nearest one that
    is stands for one that is not.
    """
    questions = []
    for turn, answer in record.answers(messages):
        chunks = _found(answer, opened, drawn)
        if chunks:
            text = beginning(plain(answer.text), _BEGINNING)
            query = answer.trace.query.strip()
            searched = query if query != answer.question.strip() else ""
            questions.append(
                {"turn": turn, "question": answer.question, "searched": searched, "answer": text, "chunks": chunks}
            )
    return questions


def _found(answer: Answer, opened: OpenIndex, drawn: Rows) -> list[dict[str, Any]]:
    cited = {citation.chunk.chunk_id for citation in answer.citations}
    found: dict[int, dict[str, Any]] = {}
    for one in answer.retrieved[:_MOST]:
        row = row_of(one.chunk, opened)
        if row is not None and row not in found:
            found[row] = {
                "row": row,
                "point": point_of(row, opened, drawn),
                "score": one.score if 0 <= one.score <= 1 else 0.0,
                "cited": one.chunk.chunk_id in cited,
                "label": place_label(opened.chunks[row]),
            }
    return list(found.values())


def row_of(chunk: Chunk, opened: OpenIndex) -> int | None:
    """Where a chunk of an earlier answer stands in this generation, or None where it is not there any more."""
    if not 0 <= chunk.start < 2**62:
        return None
    try:
        row = int(opened.chunks.rows([chunk])[0])
    except KeyError:
        return None
    return row if row < len(opened.chunks) and opened.chunks[row].chunk_id == chunk.chunk_id else None


def point_of(row: int, opened: OpenIndex, drawn: Rows) -> int:
    at = int(np.searchsorted(drawn, row))
    if at < len(drawn) and drawn[at] == row:
        return at
    return int((opened.vectors[drawn] @ opened.vectors[row : row + 1][0]).argmax())
