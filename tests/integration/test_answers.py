"""Answers of the embedded default over a real index: proven, filtered, refused, and from one generation each."""

from __future__ import annotations

import gc
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rag.answering.assistant import Assistant
from rag.config import Settings
from rag.index.embed import Embedder
from rag.index.open import IndexReader
from rag.ingest import ingest
from rag.retrieval.abstain import CHOSEN
from rag.schema import Answer, Notice
from tests.integration.conftest import DOCUMENTS, write_documents

ASKED = {
    "When does the Port of Invergair agreement end?": ("30 September 2028", "contracts/invergair.md"),
    "Who owns the Port of Stranraer account?": ("Callum Drever", "contracts/stranraer.md"),
    "What does the Priority tier of Lowther Estates cost?": ("£2,650", "contracts/lowther.md"),
    "How long is parental leave?": ("twenty-six weeks", "policies/parental-leave.md"),
    "What does the Otter probe weigh?": ("3.2 kg", "products/otter.md"),
    "When did Rhona McAllister join?": ("May 2019", "employees/rhona-mcallister.md"),
}


@pytest.mark.parametrize("question", ASKED)
def test_answer_quotes_what_the_file_says_where_it_says_it(assistant: Callable[..., Assistant], question: str) -> None:
    expected, source = ASKED[question]
    answer = assistant(k=5).ask(question)
    assert expected in answer.text
    assert not answer.refused
    assert answer.fault == ""
    assert source in {citation.chunk.source for citation in answer.citations}
    for citation in answer.citations:
        assert DOCUMENTS[citation.chunk.source][citation.start : citation.end] == citation.quote
        assert f"[{citation.n}]" in answer.text


LONG = """# Skerries tide station

## Getting there

The boat leaves Scrabster on the first slack water after dawn and needs two people aboard. The landing is a ladder on the
lee side of the rock, and it is slippery below the weed line. Wear the harness from the ladder's foot on. If the swell is
above a metre and a half, do not land: circle the rock once for photographs and come home. The harbour master in Scrabster
keeps the logbook of every landing and wants it signed before noon of the same day.

## Changing the battery

The battery sits in the lower cabinet, behind the desiccant tray. Disconnect the solar regulator first, then the logger,
and only then the battery, or the logger loses its clock. The new battery needs an hour before the voltage is worth
reading. Put the old one into the yellow bag with the valve upwards; it travels on deck, never in the cuddy. Note both
serial numbers on the station sheet, and the voltage before and after, to one decimal.

## Closing the housing

Grease the gasket thinly and look for sand in the groove. Tighten the housing bolts crosswise to 14 newton metres, in two
rounds. Then pour a cup of sea water over the lid and watch the humidity reading for ten minutes.
"""


def test_a_proof_may_lie_deep_in_its_file(tmp_path: Path, minilm: Embedder) -> None:
    base = write_documents(tmp_path / "base", {"runbooks/skerries.md": LONG})
    settings = Settings(knowledge_base=base, index=tmp_path / "index", llm="extractive", k=3)
    ingest(settings)
    asked = Assistant(settings, minilm, IndexReader(settings.index, minilm))
    answer = asked.ask("How tight are the housing bolts of the Skerries tide station?")
    deep = [citation for citation in answer.citations if "14 newton metres" in citation.quote]
    assert deep
    for citation in answer.citations:
        assert LONG[citation.start : citation.end] == citation.quote
    assert all(citation.start > citation.chunk.start > 0 for citation in deep)


@pytest.mark.parametrize(
    "question",
    [
        "Which zeppelin did the chancellor of Bolivia commission?",
        "What is the capital of Mongolia?",
        "Who painted the Mona Lisa?",
        "How many moons does Jupiter have?",
    ],
)
def test_what_the_documents_do_not_hold_is_refused(assistant: Callable[..., Assistant], question: str) -> None:
    answer = assistant(k=5).ask(question)
    assert answer.refused
    assert answer.text.startswith("I don't know")
    assert answer.citations == ()


def test_the_point_below_which_it_refuses_travels_with_the_index_and_can_be_set(
    small_index: Path, minilm: Embedder, assistant: Callable[..., Assistant]
) -> None:
    assert IndexReader(small_index, minilm).manifest().abstention == CHOSEN
    question = "What is the capital of Mongolia?"
    assert not assistant(abstain_below=0).ask(question).refused
    assert assistant(abstain_below=1).ask("What does the Otter probe weigh?").refused


def test_filter_by_doc_type(assistant: Callable[..., Assistant]) -> None:
    answer = assistant(k=5).ask("When did Rhona McAllister join?", doc_type="employees")
    assert {item.chunk.doc_type for item in answer.retrieved} == {"employees"}
    nowhere = assistant(k=5).ask("When did Rhona McAllister join?", doc_type="menus")
    assert (nowhere.retrieved, nowhere.refused) == ((), True)


async def test_stream_is_the_answer_in_pieces(assistant: Callable[..., Assistant]) -> None:
    asked = assistant(k=5)
    items = [i async for i in asked.stream("What does the Otter probe weigh?") if not isinstance(i, Notice)]
    *pieces, answer = items
    assert isinstance(answer, Answer)
    assert all(isinstance(piece, str) for piece in pieces)
    assert len(pieces) > 1
    assert "".join(map(str, pieces)).strip() == answer.text
    assert answer.text == asked.ask("What does the Otter probe weigh?").text


def test_a_model_that_is_not_on_the_menu_is_not_asked(assistant: Callable[..., Assistant]) -> None:
    asked = assistant()
    answer = asked.ask("How long is parental leave?", llm="http://elsewhere:m")
    assert answer.fault == "The model http://elsewhere:m is not available any more; choose another one."
    assert asked.ask("How long is parental leave?", llm="extractive").fault == ""


def test_without_an_index_the_fault_says_how_to_make_one(assistant: Callable[..., Assistant], tmp_path: Path) -> None:
    answer = assistant(index=tmp_path / "none").ask("How long is parental leave?")
    assert answer.fault == f"There is no index in {tmp_path / 'none'} yet; run: python -m rag.ingest."


def test_one_that_is_not_needed_any_more_leaves_no_thread(assistant: Callable[..., Assistant]) -> None:
    before = set(threading.enumerate())
    asked = assistant()
    asked.ask("How long is parental leave?")
    begun = set(threading.enumerate()) - before
    assert "answering" in {thread.name for thread in begun}
    del asked
    for _ in range(300):  # a worker that has just handed over its result may hold it for a moment longer
        gc.collect()
        if not any(thread.is_alive() for thread in begun):
            break
        time.sleep(0.1)
    assert [thread.name for thread in begun if thread.is_alive()] == []


QUESTIONS, THREADS, VERSIONS = 200, 8, 3


def version(n: int) -> dict[str, str]:
    """The documents with other facts at other places: what one version says, no other does."""
    return {
        source: f"Edition {n}{n}.\n{'*' * n}\n" + text.replace("20", f"{n}0").replace("weeks", f"weeks (edition {n})")
        for source, text in DOCUMENTS.items()
    }


def test_two_rebuilds_during_200_questions_from_8_threads(tmp_path: Path, minilm: Embedder) -> None:
    base, index = tmp_path / "base", tmp_path / "index"
    settings = Settings(knowledge_base=base, index=index, llm="extractive", k=2)

    def publish(n: int) -> str:
        write_documents(base, version(n))
        return ingest(settings).manifest.name

    generations = {publish(1): 1}
    assistant = Assistant(settings, minilm, IndexReader(index, minilm))
    numbers = itertools.count()
    done = threading.Semaphore(0)
    published = [threading.Event() for _ in range(VERSIONS + 1)]
    answers: list[tuple[int, Answer]] = []

    def ask() -> None:
        while (number := next(numbers)) < QUESTIONS:
            # The last forty wait for the last version, the middle ones run while it is made.
            newest = VERSIONS if number >= QUESTIONS - 40 else 1
            assert newest == 1 or published[newest].wait(120)
            known = max(n for n in range(1, VERSIONS + 1) if n == 1 or published[n].is_set())
            question = list(ASKED)[number % len(ASKED)]
            answers.append((known, assistant.ask(question)))
            done.release()

    with ThreadPoolExecutor(THREADS) as pool:
        workers = [pool.submit(ask) for _ in range(THREADS)]
        for n in range(2, VERSIONS + 1):
            for _ in range(40):
                assert done.acquire(timeout=120)
            generations[publish(n)] = n
            published[n].set()
        for worker in workers:
            worker.result()

    assert len(answers) == QUESTIONS
    assert {generations[answer.generation] for _, answer in answers} >= {1, VERSIONS}
    for known, answer in answers:
        assert answer.fault == ""
        n = generations[answer.generation]
        assert n >= known, "what was published before the question is what answers it"
        files = version(n)
        assert answer.citations
        for citation in answer.citations:
            assert files[citation.chunk.source][citation.start : citation.end] == citation.quote
        for item in answer.retrieved:
            assert files[item.chunk.source][item.chunk.start : item.chunk.end] == item.chunk.body


def test_versions_of_the_test_above_differ_in_words_and_places() -> None:
    for source in DOCUMENTS:
        one, other = version(1)[source], version(2)[source]
        assert one != other
        assert one.index("\n#") != other.index("\n#")
