"""Answers scored without a judge."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rag.evaluation.answers import Judgement, ask_all, claims_of, scores, summarise_answers
from rag.evaluation.evaluation import Evaluation, as_object
from rag.evaluation.page import page
from rag.evaluation.report import lines
from rag.schema import Answer, Citation, Trace, Turn
from tests.unit.evaluation.samples import asking, chunk

PROOF = "Rhona McAllister signs. The fee of £4,100 is due on 30 September 2028."


def answer(text: str, cited: str = PROOF, **others: object) -> Answer:
    found = chunk(cited)
    return Answer("?", text, (Citation(1, cited, 0, len(cited), found, 1.0),) if cited else (), **others)  # type: ignore[arg-type]


def test_keywords_are_looked_for_case_aside() -> None:
    found = scores(asking("RHONA", "4,100", "heron"), answer("Rhona pays 4,100."))
    assert found["keywords"] == pytest.approx(2 / 3)
    assert found["complete"] == 0
    assert scores(asking("rhona"), answer("Rhona."))["complete"] == 1


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("It costs £4,100 [1].", ["4100"]),
        ("Ask Rhona McAllister [1]. The port's clerk knows.", ["rhona", "mcallister"]),
        ("- Oban is far. *Kirkwall* is farther, says Rhona's map.", ["rhona"]),
        ("On 30 September 2028, at 4.6.3.", ["30", "2028", "4.6.3", "september"]),
        ("nothing to claim", []),
    ],
)
def test_claims_are_numbers_and_names(text: str, claims: list[str]) -> None:
    assert claims_of(text) == claims


def test_claims_are_held_against_what_is_cited() -> None:
    assert scores(asking(), answer("The fee is £4,100 from 30 September, says Rhona [1]."))["supported"] == 1
    assert scores(asking(), answer("The fee is £4,200 from 30 October, says Rhona [1]."))["supported"] == pytest.approx(
        0.5
    )
    assert scores(asking(), answer("It is 4,100.", cited=""))["supported"] == 0
    assert "supported" not in scores(asking(), answer("It is free."))


def test_a_refusal_supports_nothing_and_a_fault_is_not_scored() -> None:
    assert scores(asking(category="unanswerable"), answer("I don't know 7.", refused=True)) == {"refused": 1.0}
    assert scores(asking("x"), answer("", fault="It is down.")) == {}


class Scripted:
    """An assistant that says what it is told to, and notes what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, Sequence[Turn]]] = []

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        self.asked.append((question, history))
        return self._answers.pop(0)


def test_every_question_is_asked_with_its_conversation_and_what_fails_is_counted() -> None:
    turns = (Turn("Who?", "Rhona."),)
    questions = [
        asking("Rhona", name="q1", category="people", turns=turns),
        asking("4,100", name="q2", category="numbers"),
        asking(name="q3", category="unanswerable"),
        asking("x", name="q4", category="numbers"),
    ]
    assistant = Scripted(
        answer("Rhona [1].", llm="Quotes", trace=Trace(ms=10)),
        answer("I don't know.", cited="", refused=True, trace=Trace(ms=20)),
        answer("I don't know.", cited="", refused=True, trace=Trace(ms=60)),
        answer("", fault="It is down.", trace=Trace(ms=9000)),
    )
    judged: list[str] = []

    def judge(question: object, given: Answer) -> Judgement:
        judged.append(given.text)
        return Judgement({"accuracy": 5}) if given.text.startswith("Rhona") else Judgement(fault="It is busy.")

    told: list[int] = []
    answered = ask_all(questions, assistant, judge, lambda done, total: told.append(done))
    assert assistant.asked[0] == ("What?", turns)
    assert told == [0, 1, 2, 3, 4]
    assert judged == ["Rhona [1].", "I don't know.", "I don't know."], "what failed is not judged"

    summary = summarise_answers(answered)
    figures = summary.answerable.figures
    assert summary.llm == "Quotes"
    assert (figures["keywords"].mean, figures["keywords"].n) == (0.5, 2)
    assert figures["refused"].mean == 0.5
    assert figures["accuracy"] == (1, 5.0, None, None)
    assert summary.unanswerable is not None
    assert summary.unanswerable.figures["refused"].mean == 1
    assert summary.faults == {"It is down.": 1}
    assert (summary.judged, summary.judge_faults) == (1, {"It is busy.": 2})
    assert summary.times is not None
    assert summary.times.median == 20, "the time of a fault says nothing"
    assert [group.name for group in summary.categories] == ["numbers", "people", "unanswerable"]

    evaluation = Evaluation("q.jsonl", "", questions, answered=answered, answers=summary, judge="a <judge>")
    text = "\n".join(lines(evaluation))
    for said in (
        "1 question without an answer: It is down.",
        "1 answer marked by a <judge>.",
        "2 answers not marked: It is busy.",
        "An answer takes 20 ms (median)",
    ):
        assert said in text
    assert [line.split()[:3] for line in text.splitlines() if line.startswith("people")] == [["people", "1", "1.000"]]
    html = page(evaluation)
    assert "marked by a &lt;judge&gt;." in html
    assert "1 times" not in html
    assert "1 question: It is down." in html
    report = as_object(evaluation)["answers"]
    assert (report["judged"], report["judge_faults"]) == (1, {"It is busy.": 2})
    assert report["groups"]["answerable"]["keywords"]["mean"] == 0.5
