"""A search taken apart, side by side: what each stage found, and a click away the text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape

from rag.config import Settings
from rag.retrieval.stages import Stage, Stages
from rag.schema import Retrieved
from rag.web.chunk_html import chunk_html
from rag.web.labels import count, doc_type_label, place_label
from rag.web.quality_list import ordinal

_MOST = 20

Ranks = Mapping[str, int]
Beside = Callable[[Retrieved], str]


def stages_html(question: str, found: Stages, settings: Settings) -> str:
    """All of it for one question."""
    if not found.fused.found:
        return '<p role="status">Nothing was found: no document of that type, or no question.</p>'
    most = min(settings.k, _MOST)
    by_vectors, by_words, fused = (_ranks(stage) for stage in (found.vectors, found.words, found.fused))

    def proposed(item: Retrieved) -> str:
        name = item.chunk.chunk_id
        ways = [
            f"{what} {ordinal(ranks[name])}"
            for what, ranks in (("vectors", by_vectors), ("BM25", by_words))
            if name in ranks
        ]
        return ", ".join(ways)

    def moved(item: Retrieved) -> str:
        return f"fused {ordinal(fused[item.chunk.chunk_id])}"

    words = round(100 * settings.words_share)
    last = "Word against word" if settings.rerank else "Reranking is off"
    beside = ", with neighbours" if settings.neighbours_share else ""
    alone = ", then by best sentences" if settings.sentence_share else ""
    columns = [
        _column("Vectors", "Nearest in meaning, as one vector each.", found.vectors, most, _nothing),
        _column("BM25", "The same words, rare ones counting more.", found.words, most, _nothing),
        _column(
            "Fused", f"What both found, mixed: {100 - words} % meaning, {words} % words.", found.fused, most, proposed
        ),
        _column("Reranked", f"{last}{beside}{alone}. Answers come from this.", found.reranked, most, moved),
    ]
    return f'{_searched(question, found)}<div class="stages" tabindex="0" role="group" aria-label="Stages">{"".join(columns)}</div>'


def _nothing(item: Retrieved) -> str:
    return ""


def _searched(question: str, found: Stages) -> str:
    times = (
        f"Spelling {_ms(found.spelling_ms)}, embedding the question {_ms(found.embedding_ms)}, in all {_ms(found.ms)}."
    )
    put_right = ""
    if found.searched != question:
        put_right = f"Spelling put right: <b>{escape(found.searched)}</b><br>"
    return f'<p class="searched" role="status">{put_right}{times}</p>'


def _column(name: str, about: str, stage: Stage, most: int, beside: Beside) -> str:
    rows = "".join(_item(item, beside(item)) for item in stage.found[:most])
    shown = f", the best {most} shown" if len(stage.found) > most else ""
    listed = f"<ol>{rows}</ol>" if rows else '<p class="none">Nothing.</p>'
    return (
        f'<section aria-label="{name}"><h3>{name}</h3><p class="about">{escape(about)}</p>'
        f'<p class="time">{count(len(stage.found), "passage")} in {_ms(stage.ms)}{shown}</p>{listed}</section>'
    )


def _item(item: Retrieved, beside: str) -> str:
    chunk = item.chunk
    percent = round(100 * max(0.0, min(1.0, item.score)))
    note = f"<small>{escape(beside)}</small>" if beside else ""
    return (
        f'<li><details><summary><span class="place">{escape(place_label(chunk))}{note}</span>'
        f'<span class="score"><i class="bar"><i style="width:{percent}%"></i></i>{item.score:.2f}</span></summary>'
        f'<div class="source"><div class="body">{chunk_html(chunk.body)}</div><footer>'
        f'<span class="doc-type">{escape(doc_type_label(chunk.doc_type))}</span>'
        f'<span class="path">{escape(chunk.source)}</span></footer></div></details></li>'
    )


def _ranks(stage: Stage) -> Ranks:
    return {item.chunk.chunk_id: rank for rank, item in enumerate(stage.found, 1)}


def _ms(ms: float) -> str:
    return f"{ms:.1f} ms" if ms < 10 else f"{ms:.0f} ms"
