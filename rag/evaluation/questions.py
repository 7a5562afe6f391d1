"""A file of questions -> `Question`s. What cannot be understood is named with its line and how to mend it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from rag.schema import Document, LodestarError, Turn

UNANSWERABLE = "unanswerable"
NO_CATEGORY = "uncategorised"
_REWORDED = ("standalone", "clean")
_ANSWER = ("answer", "reference_answer")


@dataclass(frozen=True, slots=True)
class Reference:
    """A span of a source that holds the answer, in `str` offsets of the file, `end` exclusive."""

    source: str
    start: int
    end: int
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what is known of its answer. `reworded`: the same, as a person would put it to a stranger."""

    id: str
    question: str
    category: str = NO_CATEGORY
    split: str = ""
    keywords: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    sources: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()
    answer: str = ""
    reworded: str = ""

    @property
    def answerable(self) -> bool:
        return self.category != UNANSWERABLE

    @property
    def measurable(self) -> bool:
        """Whether a search for it can be scored."""
        return self.answerable and bool(self.keywords or self.references or self.sources)


def read_questions(path: Path) -> list[Question]:
    """The questions of a JSON-lines file, in its order; empty lines are passed over.

    Raises LodestarError naming the file, the line and the fix where the file is missing or a line is not a question.
    """
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise LodestarError(f"The questions in {path} cannot be read ({why}); name a file of JSON lines.") from None
    except UnicodeDecodeError:
        raise LodestarError(f"The questions in {path} are not UTF-8; save the file as UTF-8.") from None
    found: list[Question] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        question = _Line(path, number).question(line)
        if question.id in seen:
            raise LodestarError(
                f"{path}, line {number}: the id {question.id} is that of line {seen[question.id]} already; "
                "give every question its own, or none."
            )
        seen[question.id] = number
        found.append(question)
    if not found:
        raise LodestarError(f"{path} holds no question; write one JSON object a line.")
    return found


def of_split(questions: Sequence[Question], split: str, path: Path) -> list[Question]:
    """Those of one half. Raises LodestarError where there are none."""
    kept = [question for question in questions if question.split == split]
    if not kept:
        raise LodestarError(f'No question of {path} has "split": "{split}"; leave --split out to ask them all.')
    return kept


def stale_references(questions: Iterable[Question], documents: Iterable[Document]) -> list[str]:
    """A sentence for each question whose references do not fit the documents: no such file, or another text there now."""
    texts = {document.source: document.text for document in documents}
    notes = []
    for question in questions:
        for reference in question.references:
            text = texts.get(reference.source)
            if text is None:
                notes.append(f"{question.id} refers to {reference.source}, which is not in the knowledge base.")
                break
            if reference.end > len(text) or (
                reference.quote and text[reference.start : reference.end] != reference.quote
            ):
                notes.append(f"{question.id} refers to characters of {reference.source} that hold another text now.")
                break
        else:
            missing = [source for source in question.sources if source not in texts]
            notes += [f"{question.id} names {source}, which is not in the knowledge base." for source in missing[:1]]
    return notes


class _Line:
    """Turns one line into a question, or says what is wrong with it."""

    def __init__(self, path: Path, number: int) -> None:
        self._where = f"{path}, line {number}"
        self._number = number

    def question(self, line: str) -> Question:
        try:
            data = json.loads(line)
        except json.JSONDecodeError as error:
            self._wrong(f"this is not JSON ({error.msg.lower()}, column {error.colno}); write one object a line")
        except ValueError:
            self._wrong("a number in it is too long to read; shorten it")
        except RecursionError:
            self._wrong("this is nested too deeply; write one flat object a line")
        if not isinstance(data, dict):
            self._wrong('this is not an object; write {"question": …, "keywords": […]}')
        try:
            json.dumps(data, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            self._wrong("half a character stands in it (such as \\ud83d alone); take it out")
        question = self._text(data, "question")
        if not question.strip():
            self._wrong('there is no "question"; give its text')
        references = tuple(self._reference(item) for item in self._list(data, "references"))
        sources = self._texts(data, "sources") or tuple(dict.fromkeys(reference.source for reference in references))
        return Question(
            id=self._id(data),
            question=question.strip(),
            category=self._text(data, "category") or NO_CATEGORY,
            split=self._text(data, "split"),
            keywords=self._texts(data, "keywords"),
            references=references,
            sources=sources,
            turns=tuple(self._turn(item) for item in self._list(data, "turns")),
            answer=next((text for name in _ANSWER if (text := self._text(data, name))), ""),
            reworded=next((text for name in _REWORDED if (text := self._text(data, name))), ""),
        )

    def _id(self, data: Mapping[str, Any]) -> str:
        value = data.get("id")
        if value is None or value == "":
            return f"line {self._number}"
        if isinstance(value, bool) or not isinstance(value, str | int):
            self._wrong('"id" must be a text or a number')
        return str(value)

    def _reference(self, item: object) -> Reference:
        if not isinstance(item, dict):
            self._wrong('each of the "references" must be an object with source, start and end')
        source, start, end = item.get("source"), item.get("start"), item.get("end")
        if not isinstance(source, str) or not source:
            self._wrong('a reference has no "source"; give the file\'s path within the knowledge base')
        if type(start) is not int or type(end) is not int or not 0 <= start < end:
            self._wrong('a reference needs "start" and "end", whole numbers of characters with start before end')
        return Reference(source, start, end, self._text(item, "quote"))

    def _turn(self, item: object) -> Turn:
        if not isinstance(item, dict) or not isinstance(item.get("question"), str):
            self._wrong('each of the "turns" must be an object with question and answer')
        return Turn(item["question"], self._text(item, "answer"))

    def _text(self, data: Mapping[str, Any], name: str) -> str:
        value = data.get(name)
        if value is not None and not isinstance(value, str):
            self._wrong(f'"{name}" must be a text')
        return value or ""

    def _texts(self, data: Mapping[str, Any], name: str) -> tuple[str, ...]:
        values = self._list(data, name)
        if not all(isinstance(value, str) and value.strip() for value in values):
            self._wrong(f'"{name}" must be a list of texts, none of them empty')
        return tuple(values)

    def _list(self, data: Mapping[str, Any], name: str) -> list[Any]:
        value = data.get(name)
        if value is not None and not isinstance(value, list):
            self._wrong(f'"{name}" must be a list, in square brackets')
        return value or []

    def _wrong(self, what: str) -> NoReturn:
        raise LodestarError(f"{self._where}: {what}.")
