"""Follow-ups made to stand alone, by a table: what the searched question must hold, and what it must not."""

from __future__ import annotations

import pytest

from rag.answering.condense import condense, usable
from rag.answering.leaning import stands_alone
from rag.schema import Turn

PORT = Turn("What is contract TF-C-0167 with the Port of Invergair about?", "Twelve Otter 3 probes in the harbour [1].")
OWNER = Turn("Who owns it?", "Maeve Kilbride owns it [1].")
COST = Turn("How much does the Kestrel L2 cost?", "The Kestrel L2 costs £2,340 [1].")
OTTER = Turn("And the Otter 3?", "£4,100 [2].")
CALDER = Turn("When does the Calder Vale contract end?", "On 31 March 2027 [1].")
DIRECTOR = Turn("Who is the managing director?", "**Ingrid Solheim** is the managing director [1].")
DEPOT = Turn("Who runs the Aberystwyth depot?", "Dafydd Pryce runs it [1].")
VANS = Turn("How many vans does he have?", "Four [1].")
LEAVE = Turn("how long is parental leave", "26 weeks [1].")
DON_T_KNOW = Turn("What colour is its lid?", "I don't know.")

FOLLOW_UPS = [
    # pronouns
    ([PORT], "Who owns it?", ["TF-C-0167", "Port of Invergair"], []),
    ([COST], "How deep can it go?", ["Kestrel L2"], []),
    ([COST], "What is its range?", ["Kestrel L2"], ["2,340"]),
    ([CALDER], "Is there a penalty clause in that?", ["Calder Vale"], []),
    ([LEAVE], "is it paid?", ["parental", "leave"], []),
    # ellipsis
    ([COST], "What about the battery life?", ["Kestrel L2"], []),
    ([CALDER], "Why?", ["Calder Vale", "contract"], []),
    ([CALDER], "tell me more", ["Calder Vale"], []),
    ([LEAVE], "and after five years?", ["leave"], []),
    # persons: the one who was asked about, else the one in the answer; asked who, the one in the answer
    (
        [Turn("Who looks after Peachtree Spay & Neuter?", "Delphine Okonjo is the account manager.")],
        "And what does she earn now?",
        ["Delphine Okonjo"],
        [],
    ),
    ([DEPOT], "How many vans does he have?", ["Dafydd Pryce"], []),
    ([DIRECTOR], "When did she join?", ["Ingrid Solheim"], ["*"]),
    ([PORT, OWNER], "What is her phone number?", ["Maeve Kilbride"], []),
    ([DEPOT, VANS], "Where did he work before?", ["Dafydd Pryce"], []),
    # the same question about another subject
    ([CALDER], "And Calder Bridge?", ["contract", "end"], ["Vale"]),
    ([COST], "and the L1?", ["cost"], ["Kestrel L2"]),
    ([COST], "What about the Otter 3?", ["cost"], ["Kestrel"]),
    # a third turn that needs the first
    ([PORT, OWNER], "And when does it end?", ["TF-C-0167", "Port of Invergair"], []),
    ([PORT, DON_T_KNOW], "When does it end?", ["TF-C-0167", "Port of Invergair"], []),
    ([COST, OTTER], "and the Lantern?", ["cost"], ["Otter", "Kestrel"]),
    ([COST, OTTER], "What is its range?", ["Otter 3"], ["Kestrel"]),
]

ALONE = [
    "How long is parental leave?",
    "When was the company founded?",
    "What is the notice period?",
    "What did Ingrid Solheim do before?",
    "What does Maeve Kilbride say about her gauge?",
    "Which contract names TF-C-0171?",
    "who owns the kestrel l2?",
    "Wie lange dauert die Elternzeit?",
]


@pytest.mark.parametrize(("history", "question", "holds", "lacks"), FOLLOW_UPS, ids=[row[1] for row in FOLLOW_UPS])
def test_follow_up_gets_what_it_leans_on(
    history: list[Turn], question: str, holds: list[str], lacks: list[str]
) -> None:
    condensed = condense(question, history)
    assert not stands_alone(question)
    assert condensed.startswith(question), "what was asked is kept word for word"
    added = condensed.removeprefix(question)
    assert [part for part in holds if part not in added] == []
    assert [part for part in lacks if part in added] == []


@pytest.mark.parametrize("question", ALONE)
def test_question_that_stands_alone_is_left_untouched(question: str) -> None:
    assert stands_alone(question)
    assert condense(question, [PORT, OWNER]) == question


@pytest.mark.parametrize("question", [row[1] for row in FOLLOW_UPS])
def test_without_a_conversation_there_is_nothing_to_lean_on(question: str) -> None:
    assert condense(question, []) == question


def test_what_the_question_says_itself_is_not_added_again() -> None:
    assert condense("Does it replace the Kestrel L2?", [COST]).count("Kestrel L2") == 1


def test_only_questions_and_persons_are_carried_over_not_the_rest_of_an_answer() -> None:
    assert "harbour" not in condense("And when does it end?", [PORT, OWNER])


@pytest.mark.parametrize(
    ("question", "reply", "taken"),
    [
        ("And when does it end?", "When does the Invergair agreement end?", True),
        ("And when does it end?", "It ends in 2028.", False),
        ("And when does it end?", "When does it end?\nIn 2028.", False),
        ("And when does it end?", "", False),
        ("tell me more about it", "Tell me more about the Otter probe.", True),
        ("and the price", "What is the price of the Otter probe", True),
        ("and the price", "The price is £4,100.", False),
        ("erzähl mehr davon", "Erzähl mehr von der Otter-Sonde", True),
        ("tell me more about it", "I don't know.", False),
        ("tell me more about it", "The Otter probe measures dissolved oxygen down to forty metres [1].", False),
        ("And when does it end?", 'Standalone question: "When does it end?"', True),
    ],
)
def test_a_rewriting_asks_and_an_answer_is_none(question: str, reply: str, taken: bool) -> None:
    assert (usable(reply, question, "ours") != "ours") == taken
