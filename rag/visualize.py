"""Vectors -> neighbours -> t-SNE coordinates -> figure. Pure functions; the notebook and the page only call them.

A t-SNE map is drawn from each chunk's nearest neighbours and nothing else. So the neighbours are found first, exactly or by
asking a store, and the same functions then draw the map and count how often neighbours are of one kind.
"""

from __future__ import annotations

import html
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from rag.index.embed import Vectors
from rag.index.nearest import highest
from rag.index.row_file import Rows
from rag.index.store import Store
from rag.schema import Chunk

if TYPE_CHECKING:
    import plotly.graph_objects as go

Coordinates = npt.NDArray[np.float32]

PERPLEXITY = 30
"""How many neighbours a chunk's place in the map listens to, roughly; fewer where there are few chunks."""

NEIGHBOURS = 3 * PERPLEXITY + 1
"""How many nearest neighbours of each chunk a map at full perplexity is drawn from."""

# Paul Tol's "muted" scheme: told apart in every common kind of colour blindness. The shape changes with the colour, and a
# colour that comes round again has another one. In 3-D Plotly draws shapes as letters of a font: these three are in all.
COLOURS = ("#332288", "#CC6677", "#117733", "#88CCEE", "#AA4499", "#DDCC77", "#44AA99", "#882255", "#999933")
SHAPES = ("circle", "diamond", "square")

_BLOCK = 1024
_FEW = 1000
_WIDTH, _LINES = 72, 9


@dataclass(frozen=True, slots=True)
class Agreement:
    """Share of neighbours that have the chunk's own doc_type, over all chunks and by doc_type, and what chance gives."""

    share: float
    by_doc_type: Mapping[str, float]
    chance: float


def neighbours(vectors: Vectors, k: int = 10, *, apart: Sequence[str] | None = None) -> Rows:
    """The `k` rows nearest to each row by cosine, exactly, itself left out, best first; `vectors` are unit vectors.

    With `apart`, one label a row (its source, say), rows that share a label do not count as neighbours. Where there are
    fewer than `k`, -1 fills up.
    """
    count = len(vectors)
    found = np.full((count, max(0, min(k, count - 1))), -1, np.int64)
    labels = np.arange(count) if apart is None else np.unique(np.asarray(apart, dtype=str), return_inverse=True)[1]
    for at in range(0, count, _BLOCK):
        block = slice(at, at + _BLOCK)
        cosines = vectors[block] @ vectors.T
        cosines[labels[block, None] == labels] = -2.0  # itself, and what shares its label
        order = np.stack([highest(row, found.shape[1]) for row in cosines])
        found[block] = np.where(np.take_along_axis(cosines, order, axis=1) < -1.5, -1, order)
    return found


def neighbours_in(store: Store, vectors: Vectors, k: int = 10) -> Rows:
    """The same as `store` answers it when it is asked with each row's own vector."""
    count = len(vectors)
    found = np.full((count, max(0, min(k, count - 1))), -1, np.int64)
    for row, vector in enumerate(vectors):
        others = [other for other, _ in store.search(vector, k + 1) if other != row][: found.shape[1]]
        found[row, : len(others)] = others
    return found


def neighbour_agreement(vectors: Vectors, doc_types: Sequence[str], k: int = 10) -> Agreement:
    """How often a chunk's `k` nearest neighbours have its doc_type: 1 is always.

    Chance is what neighbours drawn blindly would reach: for a doc_type with m of the n chunks (m - 1) / (n - 1), weighted
    by m over all doc_types; so 0.1 for ten doc_types of one size, more where one of them is large.
    """
    return agreement(neighbours(vectors, k), doc_types)


def agreement(near: Rows, doc_types: Sequence[str]) -> Agreement:
    """`neighbour_agreement` for neighbours that were found already. Chunks without neighbours are not counted."""
    kinds, kind = np.unique(np.asarray(doc_types, dtype=str), return_inverse=True)
    found = near >= 0
    counted = found.any(axis=1)
    if not counted.any():
        return Agreement(0.0, {}, 0.0)
    same = found & (kind[near] == kind[:, None])
    shares = same.sum(axis=1)[counted] / found.sum(axis=1)[counted]
    return Agreement(
        share=float(shares.mean()),
        by_doc_type={str(kinds[i]): float(shares[kind[counted] == i].mean()) for i in np.unique(kind[counted])},
        chance=float((np.bincount(kind)[kind] - 1).mean() / max(1, len(kind) - 1)),
    )


def shared(one: Rows, other: Rows) -> float:
    """Share of the neighbours in `one` that are in `other` too, whatever their order: 1 where both found the same."""
    found = one >= 0
    return float((found & (one[:, :, None] == other[:, None, :]).any(axis=2)).sum() / max(1, found.sum()))


def project(
    vectors: Vectors, dimensions: Literal[2, 3] = 2, *, near: Rows | None = None, seed: int = 0, verbose: int = 0
) -> Coordinates:
    """A map of the chunks by t-SNE: (len(vectors), dimensions), the same for the same `seed`.

    Begins with the two or three main directions of the vectors and moves chunks towards their neighbours: the exact ones
    by cosine, or `near`, say what a store found; give it NEIGHBOURS of each. Who is beside whom in the map means
    something, how far apart groups are does not. `verbose` is scikit-learn's: 2 prints how far it is.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    count = len(vectors)
    start = np.zeros((count, dimensions), np.float32)
    if count > 1:
        # PCA cannot give more directions than there are vectors or dimensions; the rest stays 0.
        pca = PCA(min(dimensions, *np.shape(vectors)), random_state=seed).fit_transform(np.asarray(vectors))
        start[:, : pca.shape[1]] = pca
    near = neighbours(vectors, NEIGHBOURS) if near is None else near
    near = near[:, (near >= 0).all(axis=0)]
    if count < 5 or near.shape[1] < 4:
        return start  # nothing for t-SNE to weigh
    tsne = TSNE(
        dimensions,
        metric="precomputed",
        perplexity=min(PERPLEXITY, (near.shape[1] - 1) / 3),
        init=start * np.float32(1e-4 / (float(start[:, 0].std()) or 1.0)),  # as small as sklearn's own init="pca"
        learning_rate="auto",
        random_state=seed,
        verbose=verbose,
    )
    # Threads that wait for each other thousands of times cost more than they bring while there are few chunks.
    with threadpool_limits(1 if count < _FEW else None):
        return np.asarray(tsne.fit_transform(_distances(vectors, near)), np.float32)


def _distances(vectors: Vectors, near: Rows) -> Any:
    """Cosine distances to the neighbours as a sparse matrix, alike however the neighbours were ordered.

    Each row is its own first neighbour, as sklearn wants it.
    """
    from scipy.sparse import csr_matrix

    count, k = near.shape
    near = np.sort(near, axis=1)
    distances = np.stack([1.0 - vectors[rows] @ vector for rows, vector in zip(near, vectors, strict=True)]).clip(0.0)
    order = np.argsort(distances, axis=1, kind="stable")
    columns = np.hstack([np.arange(count)[:, None], np.take_along_axis(near, order, axis=1)])
    distances = np.hstack([np.zeros((count, 1), np.float32), np.take_along_axis(distances, order, axis=1)])
    return csr_matrix((distances.ravel(), columns.ravel(), np.arange(count + 1) * (k + 1)), shape=(count, count))


def figure(coordinates: Coordinates, chunks: Sequence[Chunk], *, title: str = "", height: int = 640) -> go.Figure:
    """A scatter plot in two or three dimensions: colour and shape by doc_type, the chunk's text on hover."""
    import plotly.graph_objects as go

    flat = np.shape(coordinates)[1] == 2
    by_type: dict[str, list[int]] = defaultdict(list)
    for row, (chunk, _) in enumerate(zip(chunks, coordinates, strict=True)):
        by_type[chunk.doc_type].append(row)
    drawn = go.Figure()
    for i, (doc_type, rows) in enumerate(sorted(by_type.items())):
        points = np.asarray(coordinates)[rows]
        look = {
            "name": html.escape(doc_type, quote=False),
            "mode": "markers",
            "marker": {
                "color": COLOURS[i % len(COLOURS)],
                "symbol": SHAPES[(i + i // len(COLOURS)) % len(SHAPES)],
                "size": 7 if flat else 4,
                "opacity": 0.8,
            },
            "text": [hover(chunks[row]) for row in rows],
            "hovertemplate": "%{text}<extra></extra>",
        }
        if flat:
            drawn.add_trace(go.Scatter(x=points[:, 0], y=points[:, 1], **look))
        else:
            drawn.add_trace(go.Scatter3d(x=points[:, 0], y=points[:, 1], z=points[:, 2], **look))
    # The axes of a t-SNE map have no unit and no zero: no ticks, and one scale for all of them.
    axis = {"showticklabels": False, "zeroline": False, "title": ""}
    drawn.update_layout(
        template="plotly_white",
        title=title,
        height=height,
        margin={"l": 8, "r": 8, "t": 48 if title else 8, "b": 8},
        legend={"title": "doc_type", "itemsizing": "constant"},
        hoverlabel={"align": "left", "bgcolor": "white", "font": {"color": "#1b202a", "size": 12}},
        scene={"aspectmode": "data", "xaxis": axis, "yaxis": axis, "zaxis": axis},
        xaxis=axis,
        yaxis={**axis, "scaleanchor": "x"},
    )
    return drawn


def hover(chunk: Chunk) -> str:
    """Title, heading and the beginning of the text, wrapped, as the HTML that Plotly shows beside a point."""
    lines = [line for part in chunk.body.splitlines() for line in textwrap.wrap(part, _WIDTH)]
    if len(lines) > _LINES:
        lines[_LINES - 1 :] = ["…"]
    title = [f"<b>{_plain(line)}</b>" for line in textwrap.wrap(chunk.title, _WIDTH)]
    heading = [f"<i>{_plain(line)}</i>" for line in textwrap.wrap(chunk.heading, _WIDTH)]
    return "<br>".join([*title, *heading, "", *map(_plain, lines), "", _plain(chunk.source)])


def _plain(line: str) -> str:
    """Text that Plotly shows as it stands: no tag, and no formula between two dollar signs."""
    return html.escape(line, quote=False).replace("$", "&#36;")
