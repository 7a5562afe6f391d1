"""python -m rag.search, as a person and as a program runs it, and that both stores give one order."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rag.config import Settings
from rag.index.embed import Embedder
from rag.index.open import OpenIndex
from rag.index.store import STORES
from rag.ingest import ingest
from rag.retrieval.hybrid import retrieve
from tests.integration.conftest import DOCUMENTS, environment

QUESTIONS = [
    "When does the Port of Invergair agreement end?",
    "What does an Otter cost?",
    "How long is parental leave?",
    "Who has a desk in Kirkwall?",
    "monthly fee priority £2,650",
    "xylophone",
]
FIELDS = {
    "rank": int,
    "score": float,
    "source": str,
    "doc_type": str,
    "title": str,
    "heading": str,
    "start": int,
    "end": int,
    "text": str,
}


def command(index: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "rag.search", *arguments, "--index", str(index)]


def search(index: Path, *arguments: str, given: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(index, *arguments),
        cwd=index.parent,
        env=environment(**settings),
        input=given,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module")
def answers(small_index: Path) -> list[dict[str, Any]]:
    """What `rag.search -` prints for QUESTIONS."""
    done = search(small_index, "-", given="\n".join(QUESTIONS))
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_there_is_one_object_a_question_with_just_the_promised_keys(answers: list[dict[str, Any]]) -> None:
    assert [answer["question"] for answer in answers] == QUESTIONS
    for answer in answers:
        assert list(answer) == ["question", "ms", "results"]
        assert isinstance(answer["ms"], float)
        assert answer["ms"] > 0
        for rank, result in enumerate(answer["results"], 1):
            assert {key: type(value) for key, value in result.items()} == FIELDS
            assert list(result) == list(FIELDS)
            assert result["rank"] == rank


def test_scores_lie_between_0_and_1_best_first(answers: list[dict[str, Any]]) -> None:
    for answer in answers:
        scores = [result["score"] for result in answer["results"]]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
        assert len(scores) == len(DOCUMENTS)  # one chunk each, and fewer than k


def test_offsets_are_those_of_the_file_and_the_text_ends_with_what_stands_there(
    answers: list[dict[str, Any]], small_base: Path
) -> None:
    for answer in answers:
        for result in answer["results"]:
            file = (small_base / result["source"]).read_text(encoding="utf-8")
            piece = file[result["start"] : result["end"]]
            assert piece == piece.strip() != ""
            assert result["text"].endswith(piece)
            assert result["doc_type"] == result["source"].split("/")[0]
            assert result["title"] in file


@pytest.mark.parametrize(
    ("question", "source"),
    [
        (0, "contracts/invergair.md"),
        (1, "products/otter.md"),
        (2, "policies/parental-leave.md"),
        (3, "employees/callum-drever.md"),
        (4, "contracts/lowther.md"),
    ],
)
def test_the_document_that_holds_the_answer_comes_first(
    answers: list[dict[str, Any]], question: int, source: str
) -> None:
    assert answers[question]["results"][0]["source"] == source


@pytest.mark.usefixtures("no_hanging")  # as both would, each waiting for the other
def test_answers_come_while_questions_still_do(small_index: Path) -> None:
    """Each answer is read before the next question is written, so a program can talk to it."""
    with subprocess.Popen(
        command(small_index, "-", "-k", "2"),
        cwd=small_index.parent,
        env=environment(PYTHONUNBUFFERED=""),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for question in QUESTIONS[:3]:
            process.stdin.write(f"{question}\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert answer["question"] == question
            assert len(answer["results"]) == 2
        process.stdin.close()
        assert process.wait() == 0


def test_the_filter_and_k_narrow_what_is_found(small_index: Path) -> None:
    done = search(small_index, "When does it end?", "--doc-type", "contracts", "-k", "3", "--json")
    (line,) = done.stdout.splitlines()
    assert [result["doc_type"] for result in json.loads(line)["results"]] == ["contracts"] * 3


def test_for_a_person_it_shows_where_and_what(small_index: Path) -> None:
    done = search(small_index, "How long is parental leave?", RAG_K="1")
    assert done.returncode == 0
    first, where, *rest = done.stdout.splitlines()
    assert first.startswith("1. Parental leave")
    assert where == f"   policies/parental-leave.md, characters 0 to {len(DOCUMENTS['policies/parental-leave.md']) - 1}"
    assert "   Parental leave lasts twenty-six weeks." in "\n".join(rest)


def test_for_a_person_a_filter_that_leaves_nothing_says_what_there_is(small_index: Path) -> None:
    done = search(small_index, "When?", "--doc-type", "minerals")
    assert (done.returncode, done.stdout) == (
        0,
        "Nothing of the doc_type minerals is in the index; it holds contracts, employees, policies, products.\n",
    )


def test_for_a_program_a_filter_that_leaves_nothing_is_an_empty_list(small_index: Path) -> None:
    done = search(small_index, "When?", "--doc-type", "minerals", "--json")
    assert json.loads(done.stdout)["results"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("question", "-k", "0"), "RAG_K"),
        (("",), "The question is empty"),
        (("question",), "There is no index in"),
        (("-",), "There is no index in"),
    ],
)
def test_what_a_person_can_mend_is_one_sentence_and_exit_code_2(
    tmp_path: Path, small_index: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = search(tmp_path / "none" if "no index" in words else small_index, *arguments, given="question\n")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("lodestar: ")
    assert words in line
    assert not (tmp_path / "none").exists()


def test_every_store_gives_the_same_results(small_base: Path, minilm: Embedder, tmp_path: Path) -> None:
    found = []
    for store in STORES:
        built = ingest(Settings(knowledge_base=small_base, index=tmp_path / store, store=store))
        index = OpenIndex(built.folder)
        found.append([retrieve(question, index, minilm, 10) for question in QUESTIONS])
        found[-1] += [retrieve(question, index, minilm, 3, doc_type="contracts") for question in QUESTIONS]
    assert len(found) > 1
    assert all(other == found[0] for other in found)


def test_a_person_is_told_what_a_misspelled_question_was_taken_for(small_index: Path) -> None:
    done = search(small_index, "When does the Port of Invergiar agreement end?", "-k", "1")
    assert done.stdout.startswith(
        "Searched for: When does the Port of Invergair agreement end?\n\n1. Port of Invergair"
    )
    assert "Searched for" not in search(small_index, "When does the Port of Invergair agreement end?").stdout


def test_a_question_takes_one_thread_and_a_batch_all_that_torch_had() -> None:
    code = (
        "import torch; from rag.config import Settings; from rag.index.embed import open_embedder\n"
        "torch.set_num_threads(3)  # as a machine with three cores would have it\n"
        "embedder = open_embedder(Settings(embedder='sentence-transformers'))\n"
        "for texts in (['one'], ['one'] * 3, ['one']): embedder.embed(texts); print(torch.get_num_threads())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=False)
    assert done.stdout.split() == ["1", "3", "1"], done.stderr
