"""Questions in every shape they come in, and one sentence for each way to get them wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.evaluation.questions import Reference, of_split, read_questions, stale_references
from rag.schema import Document, LodestarError, Turn


def write(folder: Path, *lines: object) -> Path:
    path = folder / "questions.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "utf-8")
    return path


def test_everything_that_a_question_may_have(tmp_path: Path) -> None:
    reference = {"source": "a.md", "start": 1, "end": 3, "quote": "bc"}
    (question,) = read_questions(
        write(
            tmp_path,
            {
                "id": 7,
                "split": "dev",
                "question": " And then? ",
                "category": "follow_up",
                "keywords": ["b"],
                "references": [reference],
                "turns": [{"question": "What?", "answer": "That."}],
                "reference_answer": "Bee.",
                "standalone": "What comes after that?",
                "unheard_of": {"is": "passed over"},
            },
        )
    )
    assert (question.id, question.split, question.question, question.category) == ("7", "dev", "And then?", "follow_up")
    assert question.keywords == ("b",)
    assert question.references == (Reference("a.md", 1, 3, "bc"),)
    assert question.sources == ("a.md",), "told by the references"
    assert question.turns == (Turn("What?", "That."),)
    assert (question.answer, question.reworded) == ("Bee.", "What comes after that?")
    assert question.measurable


def test_a_question_needs_nothing_but_its_text(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeff" + json.dumps({"question": "Why?"}), "", {"question": "Who?", "keywords": None}, "")
    first, second = read_questions(path)
    assert (first.id, first.category, first.split) == ("line 1", "uncategorised", "")
    assert second.id == "line 3"
    assert not first.measurable
    assert first.answerable


def test_an_unanswerable_question_is_not_measured_whatever_it_names(tmp_path: Path) -> None:
    (question,) = read_questions(write(tmp_path, {"question": "?", "category": "unanswerable", "sources": ["a.md"]}))
    assert not question.answerable
    assert not question.measurable


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{question: 1}", "this is not JSON"),
        ("[1]", "this is not an object"),
        ('{"question": "?", "id": ' + "9" * 5000 + "}", "a number in it is too long"),
        ('{"question": "?", "keywords": ["\\ud83d"]}', "half a character"),
        ("[" * 100_000, "nested too deeply"),
        ({}, 'there is no "question"'),
        ({"question": "  "}, 'there is no "question"'),
        ({"question": 3}, '"question" must be a text'),
        ({"question": "?", "id": [1]}, '"id" must be'),
        ({"question": "?", "id": True}, '"id" must be'),
        ({"question": "?", "keywords": "otter"}, '"keywords" must be a list'),
        ({"question": "?", "keywords": [""]}, '"keywords" must be a list of texts'),
        ({"question": "?", "sources": [1]}, '"sources" must be a list of texts'),
        ({"question": "?", "references": {}}, '"references" must be a list'),
        ({"question": "?", "references": ["a.md"]}, "must be an object with source, start and end"),
        ({"question": "?", "references": [{"start": 0, "end": 1}]}, 'no "source"'),
        ({"question": "?", "references": [{"source": "a.md", "start": 0}]}, '"start" and "end"'),
        ({"question": "?", "references": [{"source": "a.md", "start": 3, "end": 3}]}, "start before end"),
        ({"question": "?", "references": [{"source": "a.md", "start": -1, "end": 3}]}, "start before end"),
        ({"question": "?", "references": [{"source": "a.md", "start": False, "end": 3}]}, "whole numbers"),
        ({"question": "?", "turns": [{"answer": "That."}]}, '"turns" must be an object'),
        ({"question": "?", "category": 1}, '"category" must be a text'),
        ({"question": "?", "id": "one"}, "is that of line 1 already"),
    ],
)
def test_a_line_that_is_wrong_is_named_with_its_fix(tmp_path: Path, line: object, says: str) -> None:
    path = write(tmp_path, {"question": "First?", "id": "one"}, line)
    with pytest.raises(LodestarError) as raised:
        read_questions(path)
    sentence = str(raised.value)
    assert sentence.startswith(f"{path}, line 2: ")
    assert says in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_file_that_is_none(tmp_path: Path) -> None:
    for path, says in (
        (tmp_path / "none", "no such file"),
        (tmp_path, "is a directory"),
        (write(tmp_path, ""), "no question"),
    ):
        with pytest.raises(LodestarError, match=says):
            read_questions(path)
    (tmp_path / "latin").write_bytes(b'{"question": "caf\xe9"}')
    with pytest.raises(LodestarError, match="not UTF-8"):
        read_questions(tmp_path / "latin")


def test_a_half_that_is_not_there(tmp_path: Path) -> None:
    path = write(tmp_path, {"question": "?", "split": "dev"}, {"question": "!"})
    questions = read_questions(path)
    assert of_split(questions, "dev", path) == questions[:1]
    with pytest.raises(LodestarError, match="held_out"):
        of_split(questions, "held_out", path)


def test_references_that_do_not_fit_the_documents_are_told(tmp_path: Path) -> None:
    def refer(name: str, source: str, end: int, quote: str = "") -> dict[str, object]:
        return {"id": name, "question": "?", "references": [{"source": source, "start": 0, "end": end, "quote": quote}]}

    questions = read_questions(
        write(
            tmp_path,
            refer("fits", "a.md", 3, "abc"),
            refer("no quote", "a.md", 3),
            refer("gone", "b.md", 3),
            refer("moved", "a.md", 3, "xyz"),
            refer("beyond", "a.md", 99),
            {"id": "file", "question": "?", "sources": ["c.md"]},
        )
    )
    notes = stale_references(questions, [Document("a.md", "general", "abcdef")])
    assert [note.split(" ", 1)[0] for note in notes] == ["gone", "moved", "beyond", "file"]
    assert notes[0] == "gone refers to b.md, which is not in the knowledge base."
    assert notes[1] == "moved refers to characters of a.md that hold another text now."
