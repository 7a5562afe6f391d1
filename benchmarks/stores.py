"""python -m benchmarks.stores: every question searched in a Chroma and in a FAISS index, and the two orders compared.

Two results may change places only where their scores are equal.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from rag.config import Settings
from rag.evaluation.questions import read_questions
from rag.evaluation.run import query_of
from rag.index.embed import open_embedder
from rag.index.open import OpenIndex
from rag.ingest import ingest
from rag.retrieval.hybrid import retrieve

QUESTIONS = Path(__file__).parent / "questions.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--knowledge-base", type=Path, default=Path("knowledge-base"))
    parser.add_argument("-k", type=int, default=10)
    arguments = parser.parse_args()
    queries = [query_of(question) for question in read_questions(QUESTIONS)]
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for store in ("chroma", "faiss"):
            settings = Settings.load(
                env={}, dotenv=None, knowledge_base=arguments.knowledge_base, index=Path(folder), store=store
            )
            index = OpenIndex(ingest(settings).folder)  # the second store takes the first one's vectors
            embedder = open_embedder(settings)
            results[store] = [
                [
                    (item.chunk.chunk_id, item.score)
                    for item in retrieve(query.asked, index, embedder, arguments.k, talk=query.talk)
                ]
                for query in queries
            ]
    same = sum(one == other for one, other in zip(results["chroma"], results["faiss"], strict=True))
    within_ties = sum(
        _ties(one) == _ties(other) for one, other in zip(results["chroma"], results["faiss"], strict=True)
    )
    print(f"{len(queries)} questions, k={arguments.k}: {same} the same, {within_ties} the same within ties")
    if within_ties < len(queries):
        raise SystemExit(1)


def _ties(results: list[tuple[str, float]]) -> list[tuple[float, frozenset[str]]]:
    return [(score, frozenset(name for name, other in results if other == score)) for _, score in results]


if __name__ == "__main__":
    main()
