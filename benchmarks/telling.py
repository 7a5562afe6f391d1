"""python -m benchmarks.telling [--fit]: learn what in a question tells what it is about, and say how far that carries.

benchmarks/training holds invented organisations with questions whose references are exact. For every question the
chunks that the search proposes are scored as it scores them, and the one direction in the space of the question's word pieces
is sought that puts the chunks with the proof first. Each organisation is predicted by all the others; `--fit` learns from
all of them and writes the direction beside rag/retrieval/telling.py. Seeds are fixed.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from rag.config import Settings
from rag.evaluation.metrics import overlaps, reciprocal_rank
from rag.evaluation.questions import Question, read_questions
from rag.index.embed import Embedder, open_embedder
from rag.index.lexical import query_words
from rag.index.open import OpenIndex
from rag.ingest import ingest
from rag.retrieval import telling as learned
from rag.retrieval.conversation import encoded
from rag.retrieval.hybrid import Score, by_vectors, by_words, spelled, together
from rag.retrieval.telling import standing

TRAINING = Path(__file__).parent / "training"
_EPOCHS, _BATCH, _RATE, _SHARPNESS = 6, 16, 1e-2, 25.0
_EASE = 1e-3  # price of a long direction
_FURTHEST = 3.0
_K = 10


@dataclass(frozen=True)
class Case:
    """One question and the chunks proposed for it, as far as the direction has a say in their scores."""

    states: torch.Tensor  # (pieces, dim)
    rarity: torch.Tensor  # (pieces,)
    met: torch.Tensor  # (chunks, pieces)
    glanced: torch.Tensor  # (chunks,): what neighbours' meaning adds
    of_word: torch.Tensor  # (words, pieces): which pieces a word has, as a mean
    word_rarity: torch.Tensor  # (words,)
    held: torch.Tensor  # (chunks, words): BM25, neighbours' share in it
    proves: torch.Tensor  # (references, chunks)


def main() -> None:
    parser = argparse.ArgumentParser(description="Learn what in a question tells what it is about.")
    parser.add_argument("--fit", action="store_true", help="learn from all organisations and write what was learned")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # so that sums come out the same everywhere
    sets: dict[str, list[Case]] = {}
    for folder in sorted(path for path in TRAINING.iterdir() if path.is_dir()):
        sets[folder.name] = list(_cases(folder))
    everything = [case for cases in sets.values() for case in cases]
    if arguments.fit:
        direction = _learn(everything)
        path = Path(learned.__file__).with_name(next(iter(learned.LEARNED.values())))
        np.save(path, direction.numpy(), allow_pickle=False)
        print(
            f"{path.name}: learned from {len(everything)} questions, MRR {_mrr(everything, None):.3f} without, ", end=""
        )
        print(f"{_mrr(everything, direction):.3f} with it, on these same questions.")
        return
    print("| predicted by all the others | questions | MRR without | with |\n|---|---|---|---|")
    for name, cases in sets.items():
        direction = _learn([case for other, others in sets.items() if other != name for case in others])
        print(f"| {name} | {len(cases)} | {_mrr(cases, None):.3f} | {_mrr(cases, direction):.3f} |", flush=True)


def _cases(folder: Path) -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as made:
        settings = Settings.load(
            env={}, dotenv=None, knowledge_base=folder / "knowledge-base", index=Path(made), telling=False
        )
        embedder = open_embedder(settings)
        index = OpenIndex(ingest(settings).folder)
        for question in read_questions(folder / "questions.jsonl"):
            case = _case(question, index, embedder, settings) if question.answerable else None
            if case is not None:
                yield case


def _case(question: Question, index: OpenIndex, embedder: Embedder, settings: Settings) -> Case | None:
    query = spelled(question.question, index, embedder, settings)
    score = Score(query, index, embedder, settings)
    rows = together(by_vectors(index, score, None, settings), by_words(score, None, settings))
    chunks = [index.chunks[int(row)] for row in rows]
    proves = np.array([[overlaps(chunk, reference) for chunk in chunks] for reference in question.references])
    proves = proves[proves.any(axis=1)]
    if not len(proves):
        return None
    pieces = encoded(query, embedder)[1]
    before, after = index.neighbours(rows)
    words = query_words(query)
    at = standing(query, embedder, len(pieces.ids))
    of_word = np.zeros((len(words), len(pieces.ids)), np.float32)
    held = np.zeros((len(rows), len(words)), np.float32)
    for n, word in enumerate(words):
        of_word[n, at.get(word, [])] = 1 / max(1, len(at.get(word, [])))
        every = np.zeros(len(index.chunks), np.float32)
        holding, scores = index.lexical.held(word)
        every[holding] = scores
        held[:, n] = _beside(every[rows], every, rows, (before, after), settings.neighbours_share)
    share, near = settings.neighbours_share, score.near(rows)
    around = [np.where(other == rows, near / 2, score.near(other)) for other in (before, after)]
    return Case(
        *map(
            torch.from_numpy,
            (
                pieces.vectors,
                np.array([index.tokens.rarity(piece) for piece in pieces.ids], np.float32),
                np.clip(index.tokens.met(pieces.vectors, rows), 0, 1) / (1 + share),
                np.asarray(share * sum(around) / 2 / (1 + share), np.float32),
                of_word,
                np.array([index.lexical.rarity(word) for word in words], np.float32),
                held,
                proves,
            ),
        )
    )


def _beside(
    own: np.ndarray, every: np.ndarray, rows: np.ndarray, neighbours: Sequence[np.ndarray], share: float
) -> np.ndarray:
    around = sum(np.where(other == rows, own / 2, every[other]) for other in neighbours)
    return np.asarray((own + share * around / 2) / (1 + share), np.float32)


def _scores(case: Case, direction: torch.Tensor, share: float = Settings().words_share) -> torch.Tensor:
    tells = case.states @ direction
    tells = tells - tells.mean()
    weights = case.rarity * torch.exp(tells.clamp(-_FURTHEST, _FURTHEST))
    meant = case.met @ (weights / weights.sum()) + case.glanced
    counts = torch.exp((case.of_word @ tells).clamp(-_FURTHEST, _FURTHEST))
    worded = (case.held @ counts) / (case.word_rarity @ counts).clamp(min=1e-9)
    return (1 - share) * meant + share * worded.clamp(0, 1)


def _learn(cases: Sequence[Case]) -> torch.Tensor:
    """The direction under which the proofs are likeliest to come first."""
    draw = random.Random(0)
    direction = torch.zeros(cases[0].states.shape[1], requires_grad=True)
    sharpness = torch.tensor(_SHARPNESS).log().requires_grad_()
    steps = _EPOCHS * -(-len(cases) // _BATCH)
    adam = torch.optim.Adam([direction, sharpness], lr=_RATE)
    slower = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: max(0.02, 1 - step / steps))
    order = list(cases)
    for _ in range(_EPOCHS):
        draw.shuffle(order)
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            loss = torch.stack([_loss(case, direction, sharpness) for case in batch]).mean()
            loss = loss + _EASE * (direction**2).sum()
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
            slower.step()
    return direction.detach()


def _loss(case: Case, direction: torch.Tensor, sharpness: torch.Tensor) -> torch.Tensor:
    likely = torch.log_softmax(_scores(case, direction) * sharpness.exp(), 0)
    return -torch.logsumexp(torch.where(case.proves, likely, -torch.inf), 1).mean()


def _mrr(cases: Sequence[Case], direction: torch.Tensor | None) -> float:
    """Of the proofs that are among what is proposed."""
    if direction is None:
        direction = torch.zeros(cases[0].states.shape[1])
    ranks = []
    for case in cases:
        best = torch.argsort(_scores(case, direction), descending=True, stable=True)[:_K]
        ranks.append(reciprocal_rank(case.proves[:, best].tolist()))
    return float(np.mean(ranks))


if __name__ == "__main__":
    main()
