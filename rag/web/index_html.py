"""The tab Index in words and tables: what the index holds, where it came from, and what became of an ingest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape

from rag.index.changes import Changes
from rag.index.contents import Listed
from rag.index.generation import Manifest
from rag.keeping.ingesting import Ingesting
from rag.keeping.keeper import Added
from rag.keeping.kept import Kept
from rag.keeping.pending import Pending
from rag.web.labels import count, doc_type_label

_NAMED = 20
_STORES = {"chroma": "Chroma", "faiss": "FAISS"}


def when(created: str) -> str:
    """A manifest's time as a person writes it."""
    moment = datetime.fromisoformat(created).astimezone(UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def summary_html(manifest: Manifest) -> str:
    """One line about the published generation."""
    recipe = manifest.recipe
    said = (
        f"Built {when(manifest.created)} from {count(manifest.documents, 'document')} in {count(manifest.chunks, 'chunk')}. "
        f"Stored in {_STORES.get(recipe.store, recipe.store)}, embedded by {recipe.embedder.partition('@')[0]}"
    )
    if manifest.invisible is None:
        said += "."
    elif manifest.invisible:
        said += f", which does not see {_percent(manifest.invisible)} of the text; lower RAG_CHUNK_SIZE."
    else:
        said += ", which sees every word."
    return f"<h2>Index</h2><p>{escape(said)}</p>"


def _percent(share: float) -> str:
    return "less than 0.1 %" if share < 0.001 else f"{share:.1%}".replace("%", " %")


def fault_html(sentence: str) -> str:
    """The tab where there is no index to show."""
    return f"<h2>Index</h2><p>{escape(sentence)}</p>"


def said_html(*sentences: str) -> str:
    """What the page has to say, a paragraph each."""
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences if sentence)


def pending_html(pending: Pending) -> str:
    """That an ingest would change something; nothing where it would not."""
    if not pending:
        return ""
    parts = [
        f"{count(number, 'file')} {what}"
        for number, what in zip(pending, ("added", "edited", "taken away"), strict=True)
        if number
    ]
    return f"<p>Since the index was built: {', '.join(parts)}. Answers know of it after the next ingest.</p>"


def progress_html(now: Ingesting, changed: Changes | None) -> str:
    """How far the ingest is, or what it came to."""
    if now.running:
        if not now.total:
            return '<progress aria-label="Ingest"></progress><p>Reading the documents.</p>'
        left = f", about {count(now.left, 'second')} left" if now.left else ""
        return (
            f'<progress aria-label="Ingest" max="{now.total}" value="{now.done}"></progress>'
            f"<p>{now.done:,} of {count(now.total, 'chunk')} embedded{left}. The chat goes on meanwhile.</p>"
        )
    return said_html(now.fault or (outcome(now, changed) if now.report else ""))


def outcome(now: Ingesting, changed: Changes | None) -> str:
    """A finished ingest in a sentence."""
    report = now.report or {}
    skipped = len(report.get("skipped", ()))
    left_out = f" {count(skipped, 'file was', 'files were')} skipped." if skipped else ""
    if report.get("unchanged"):
        return f"Nothing has changed since the last ingest.{left_out}"
    made = f"The index is new: {count(report.get('documents', 0), 'document')}"
    how = "" if changed is None else f", {_summed(changed)}"
    return f"{made}{how}.{left_out}{_fared(report.get('saved_questions'))}"


def _fared(saved: Mapping[str, int] | None) -> str:
    if not saved:
        return ""
    from rag.evaluation.saved_questions import Fared, sentence

    return f" {sentence(Fared(saved['asked'], saved['found']), 'the tab Quality tells more')}"


def _summed(changed: Changes) -> str:
    parts = [
        f"{len(sources):,} {what}"
        for sources, what in ((changed.added, "added"), (changed.changed, "changed"), (changed.removed, "removed"))
        if sources
    ]
    if changed.recut:
        parts.append("all cut anew")
    return ", ".join(parts) or "none added, changed or removed"


def added_html(added: Added) -> str:
    """What became of uploads. Those that exist already are asked about elsewhere."""
    sentences = []
    if added.written:
        sentences.append(f"Added {_names(added.written)}. Ingest, and answers know of it.")
    sentences += [f"{name} was not added: {reason}." for name, reason in added.refused]
    return said_html(*sentences)


def _names(sources: Sequence[str]) -> str:
    more = len(sources) - _NAMED
    return ", ".join(sources[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def changes_html(last: tuple[Manifest, Changes] | None) -> str:
    """What the published generation changed over the one before."""
    if last is None:
        return ""
    before, changed = last
    rows = [
        f"<dt>{what}</dt><dd>{escape(_names(sources))}</dd>"
        for sources, what in ((changed.added, "Added"), (changed.changed, "Changed"), (changed.removed, "Removed"))
        if sources
    ]
    if changed.recut:
        rows.append("<dt>Cut anew</dt><dd>All documents: their chunks are made in another way than before.</dd>")
    listed = f"<dl>{''.join(rows)}</dl>" if rows else "<p>No document.</p>"
    return f"<h3>What the last ingest changed</h3><p>Held against the index of {when(before.created)}.</p>{listed}"


def skipped_html(skipped: Sequence[tuple[str, str]]) -> str:
    """The files that are not in the index, and why."""
    if not skipped:
        return ""
    rows = "".join(f"<dt>{escape(source)}</dt><dd>{escape(reason)}</dd>" for source, reason in skipped[:200])
    more = f"<p>And {len(skipped) - 200:,} more.</p>" if len(skipped) > 200 else ""
    return f"<h3>Skipped files</h3><dl>{rows}</dl>{more}"


def kept_html(kept: Sequence[Kept], *, may: bool) -> str:
    """The generations, and with `may` a button at each that is not published."""
    rows = []
    now = next((one.manifest.name for one in kept if one.published), "")
    for one in kept:
        manifest = one.manifest
        if one.published:
            end = "<b>answers now</b>"
        elif may:
            way = "Go back to it" if manifest.name < now else "Go forward to it"
            end = f'<button type="button" data-publish="{escape(manifest.name)}">{way}</button>'
        else:
            end = "kept"
        rows.append(
            f"<tr><td>{when(manifest.created)}</td><td>{count(manifest.documents, 'document')} in "
            f"{count(manifest.chunks, 'chunk')}</td><td><code>{escape(manifest.digest[:8])}</code></td><td>{end}</td></tr>"
        )
    return (
        '<h3>Kept indexes</h3><div class="table"><table><thead><tr><th>Built</th><th>From</th><th>Contents</th>'
        f"<th>State</th></tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def publish_question(kept: Sequence[Kept], name: str) -> str:
    """What will happen when that generation is published."""
    chosen = next((one.manifest for one in kept if one.manifest.name == name and not one.published), None)
    if chosen is None:
        return ""
    return (
        f"From the next question on, answers come from the index of {when(chosen.created)} with "
        f"{count(chosen.documents, 'document')}. The files in the knowledge base stay as they are; the other index is kept "
        "until the next ingest, which builds from the files again."
    )


def remove_question(listed: Listed) -> str:
    """What will happen when that document is removed."""
    return (
        f"{listed.source} is moved to the hidden folder .trash of the knowledge base. Answers still know it until the "
        "next ingest."
    )


def replace_question(doc_type: str, names: Sequence[str]) -> str:
    """What will happen when files of those names are replaced."""
    there = "is" if len(names) == 1 else "are"
    return (
        f"{_names(names)} {there} in {doc_type_label(doc_type)} already. "
        "Replacing overwrites what is there; leaving it drops what you chose."
    )
