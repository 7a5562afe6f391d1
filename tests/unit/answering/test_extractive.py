"""The default that quotes: which sentences, how they are shown, and that it reads the prompt any model gets."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from rag.answering import extractive
from rag.answering.extractive import MOST, ExtractiveChat, choose
from rag.answering.extractive import quote as quote_with
from rag.answering.meeting import meet
from rag.answering.prompts import QUESTION_TEMPLATE, REFUSAL, SOURCE_TEMPLATE, fence_mark
from rag.documents.quotable import quotables
from tests.doubles.embedder import LetterEmbedder

EMBEDDER = LetterEmbedder()
EMBED = EMBEDDER.embed
MEET = partial(meet, embedder=EMBEDDER)
quote = partial(quote_with, meet=MEET)
HERON = "Heron > 2. Care\nThe Heron costs £1,275. It weighs little. Wash it in rain."
PRICES = "Prices\n| Tier | Price | £ |\n|---|---|---|\n| Brook | £18 | 18 |\n| River | £42 | 42 |"


def test_the_sentence_that_answers_comes_first_with_its_number() -> None:
    answer = quote("What does the Heron cost?", ["Other\nNothing of the kind here.", HERON], EMBED)
    assert answer.splitlines()[0].removeprefix("- ").startswith("The Heron costs £1,275. [2]")


def test_a_sentence_that_does_not_name_its_subject_gets_it_in_front_without_the_headings_number() -> None:
    assert "**Heron > Care:** Wash it in rain. [1]" in quote("wash rain", [HERON], EMBED)


def test_a_tables_row_is_told_with_the_names_of_its_columns() -> None:
    answer = quote("How much is the River tier?", [PRICES], EMBED)
    assert "River: Price: £42; £42 [1]" in answer.splitlines()[0]
    assert "---" not in answer


def test_a_task_is_told_with_whether_it_is_done() -> None:
    source = "Heron launch\n- [x] Order the Heron cables\n- [ ] Book the Heron crane"
    answer = quote("Which Heron cables and crane?", [source], EMBED)
    assert "☑ Order the Heron cables [1]" in answer
    assert "☐ Book the Heron crane [1]" in answer


def test_what_stands_out_is_the_answer_and_the_rest_stands_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    costs, weighs, wash = "The Heron costs £1,275. [1]", "The Heron weighs little. [1]", "Wash the Heron in rain. [1]"
    source = "Heron\nThe Heron costs £1,275. The Heron weighs little. Wash the Heron in rain."
    for scored, shown in (
        ([4.0, 2.9, 2.0], f"{costs}\n\nAlso close to the question:\n\n- {weighs}\n- {wash}"),
        ([4.0, 3.1, 2.0], f"- {costs}\n- {weighs}\n- {wash}"),
        ([4.0, 0.5, 0.5], costs),
    ):
        monkeypatch.setattr(extractive, "scores", lambda *asked, scored=scored: np.array(scored, np.float32))
        assert quote("What does the Heron cost?", [source], EMBED) == shown


def test_never_more_than_the_most_and_none_twice() -> None:
    source = "Otters\n" + " ".join(f"The otter number {n} swims in pool {n}." for n in range(9))
    answer = quote("Which otter swims in which pool?", [source, source], EMBED)
    lines = [line for line in answer.splitlines() if "[" in line]
    assert 1 <= len(lines) <= MOST
    assert len({line.rsplit(" [", 1)[0] for line in lines}) == len(lines)


def test_the_context_line_is_never_quoted() -> None:
    source = "Who pays? The port. > Terms\nNothing is owed."
    assert quote("Who pays the port?", [source], EMBED).endswith("Nothing is owed. [1]")


@pytest.mark.parametrize("sources", [[], ["#  Heading only"], ["---"]])
def test_without_a_sentence_it_does_not_know(sources: list[str]) -> None:
    assert quote("What?", sources, EMBED) == REFUSAL


def test_it_reads_the_prompt_and_streams_the_same_text_in_pieces() -> None:
    mark = fence_mark([HERON])
    context = SOURCE_TEMPLATE.format(n=1, mark=mark, page_content=HERON)
    prompt = [HumanMessage(QUESTION_TEMPLATE.format(context=context, question="What does the Heron cost?"))]
    chat = ExtractiveChat(embed=EMBED, meet=MEET)
    pieces = [piece.text for piece in chat.stream(prompt)]
    assert len(pieces) > 3
    assert "".join(pieces) == chat.invoke(prompt).text == quote("What does the Heron cost?", [HERON], EMBED)


def test_a_follow_up_is_read_within_the_messages_before_it() -> None:
    sources = ["Heron\nIt costs £4.", "Otter\nIt costs £9."]
    mark = fence_mark(sources)
    context = "\n\n".join(SOURCE_TEMPLATE.format(n=n, mark=mark, page_content=one) for n, one in enumerate(sources, 1))
    asking = HumanMessage(QUESTION_TEMPLATE.format(context=context, question="And what does it cost?"))
    chat = ExtractiveChat(embed=EMBED, meet=MEET)
    for animal, price in (("Heron", "£4"), ("Otter", "£9")):
        talk = [HumanMessage(f"What is the {animal}?"), AIMessage(f"The {animal} is an animal.")]
        assert price in chat.invoke([SystemMessage("Answer."), *talk, asking]).text.splitlines()[0]


def test_a_sentence_that_speaks_of_the_one_before_comes_with_it_each_with_its_number() -> None:
    source = "Port > Call-out\nFour call-outs a year are included. Each after that costs £410."
    assert quote("What does a fifth one cost?", [source], EMBED).splitlines()[0] == (
        "**Port > Call-out:** Four call-outs a year are included. [1] Each after that costs £410. [1]"
    )


def test_chosen_best_first_within_reach_and_nothing_told_twice() -> None:
    found = quotables(["T\nThe gauge is here. It costs £4. The vans are new. The mill leaks. The pump runs."])
    assert choose(found, np.array([1, 9, 8, 6.5, 5.9])) == [[0, 1], [2], [3]]
    assert choose(found, np.array([1, 9, 5, 4, 3])) == [[0, 1]], "the others are too far behind"
    assert choose(found, np.array([9, 8, 0, 0, 0])) == [[0, 1]], "it joins the one before"


def test_rows_that_differ_in_a_number_are_two() -> None:
    table = "T\n| Level | Missed in a row | Then after |\n|---|---|---|\n| Amber | 3 | 15 min |\n| Amber | 8 | 40 min |"
    found = quotables([table, table])
    assert choose(found, np.array([9, 8, 8, 7])) == [[0], [1]]


@pytest.mark.parametrize(
    ("written", "quoted"),
    [
        ("*Kept by Ida. The Heron costs a lot.*", "The Heron costs a lot."),
        ("*The Heron costs a lot. Kept by Ida.*", "The Heron costs a lot."),
        ("**The Heron** costs a *lot*. Kept by Ida.", "**The Heron** costs a *lot*."),
        ("**The Heron costs a lot.** Kept by Ida.", "The Heron costs a lot."),
        ("**Heron** costs are a **lot**", "**Heron** costs are a **lot**"),
        ("The Heron costs 2 * 3 pounds. Kept by Ida.", "The Heron costs 2 * 3 pounds."),
    ],
)
def test_an_emphasis_that_is_not_whole_or_is_all_there_is_leaves_no_star(written: str, quoted: str) -> None:
    assert f"{quoted} [1]" in quote("What does the Heron cost?", [f"Heron\n{written}"], EMBED)
