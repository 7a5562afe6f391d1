"""One question through the chain with a scripted model: the prompt, the stream, the citations, the trace."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from rag.answering.prompts import CONDENSE, REFUSAL, SYSTEM, read_back
from rag.schema import Retrieved, Turn, VectorIndexError
from tests.doubles.llm import ScriptedLlm
from tests.unit.answering.asking import Asking

Found = Callable[..., list[Retrieved]]
TALK = [Turn("What is the Kestrel L2?", "A radar gauge [1]."), Turn("Who designed it?", "Maeve Kilbride [2][3].")]


async def test_answer_holds_what_was_said_and_what_proves_it(asking: Asking) -> None:
    model = ScriptedLlm("It costs ", "£2,340 [", "1]", ".")
    answer = await asking.ask(model, doc_type="things")
    assert answer.text == "It costs £2,340 [1]."
    assert "".join(asking.shown) == answer.text
    assert len(asking.shown) > 1
    assert [(c.n, c.quote) for c in answer.citations] == [(1, "The gauge costs £2,340.")]
    assert answer.retrieved == tuple(asking.found)
    assert (answer.llm, answer.generation) == ("Scripted model", "gen-1")
    assert (answer.refused, answer.fault) == (False, "")
    assert asking.searched == [answer.trace.query] == ["What does the gauge cost?"]
    assert asking.filters == ["things"]


async def test_prompt_is_instructions_then_conversation_then_sources_then_question(asking: Asking) -> None:
    model = ScriptedLlm("£2,340 [1].")
    answer = await asking.ask(model, "What does the gauge cost?", TALK)
    ((tag, messages),) = model.asked
    assert tag == "answering"
    assert messages[:-1] == [
        SystemMessage(SYSTEM),
        HumanMessage("What is the Kestrel L2?"),
        AIMessage("A radar gauge."),  # the numbers were another question's
        HumanMessage("Who designed it?"),
        AIMessage("Maeve Kilbride."),
    ]
    read = read_back(str(messages[-1].content))
    assert read.question == "What does the gauge cost?"
    assert read.sources == tuple(item.chunk.text for item in answer.retrieved)
    assert all(str(message.content) in answer.trace.prompt for message in messages)


async def test_follow_up_is_rewritten_before_the_search_and_asked_as_it_was_put(asking: Asking) -> None:
    model = ScriptedLlm("4 kg [1].", condensed="What does the Kestrel L2 weigh?")
    answer = await asking.ask(model, "And what does it weigh?", TALK)
    assert asking.searched == ["What does the Kestrel L2 weigh?"] == [answer.trace.query]
    (tag, condensing), (_, answering) = model.asked
    assert tag == "condensing"
    assert condensing[0] == SystemMessage(CONDENSE)
    assert condensing[-1] == HumanMessage("And what does it weigh?")
    assert read_back(str(answering[-1].content)).question == "And what does it weigh?"
    assert "Kestrel" not in "".join(asking.shown), "the rewritten question is no part of the answer"


@pytest.mark.parametrize(
    "rambling", ["", "Sure! Here it is:\nWhat does it weigh?", "The Kestrel L2 weighs 4 kg.", "x" * 500 + "?"]
)
async def test_rewriting_that_is_none_gives_way_to_our_own(asking: Asking, rambling: str) -> None:
    await asking.ask(ScriptedLlm("4 kg [1].", condensed=rambling), "And what does it weigh?", TALK[:1])
    assert asking.searched == ["And what does it weigh?"], "searched as asked, within what was asked before"
    assert asking.before == [["What is the Kestrel L2?"]]


@pytest.mark.parametrize("asked", ["What does the gauge cost?", "And what does it weigh?"])
async def test_a_model_that_only_quotes_is_called_once_and_reads_the_question_within_the_talk(
    asking: Asking, asked: str
) -> None:
    model = ScriptedLlm("4 kg [1].", quotes=True)
    await asking.ask(model, asked, TALK)
    ((tag, messages),) = model.asked
    assert tag == "answering"
    assert [message.type for message in messages] == ["system", "human", "ai", "human", "ai", "human"]
    assert read_back(str(messages[-1].content)).question == asked, "as it was asked"
    assert asking.searched == [asked]
    assert asking.before == [["What is the Kestrel L2?", "A radar gauge.", "Who designed it?", "Maeve Kilbride."]]
    assert [[text for text, _ in talk.said] for talk in asking.judged if talk] == asking.before, "judged as it was read"


async def test_a_question_that_surely_stands_alone_is_not_searched_within_the_talk(asking: Asking) -> None:
    question = "Which wholesaler in Bergen delivers gaskets for the Otter probe on Saturdays?"
    await asking.ask(ScriptedLlm("Nobody [1].", quotes=True), question, TALK)
    assert asking.searched == [question]
    assert asking.before == [[]]


@pytest.mark.parametrize(
    ("quotes", "read"), [(True, "What does the gauge cost?"), (False, "What does the guage cost?")]
)
async def test_a_model_that_only_quotes_reads_the_question_spelled_right(
    asking: Asking, quotes: bool, read: str
) -> None:
    model = ScriptedLlm("4 kg [1].", quotes=quotes)
    answer = await asking.ask(model, "What does the guage cost?")
    ((_, messages),) = model.asked
    assert read_back(str(messages[-1].content)).question == read
    assert answer.question == "What does the guage cost?", "as it was asked"
    assert answer.trace.query == "What does the gauge cost?", "as it was searched"
    assert answer.trace.alone == "What does the guage cost?", "no word of it is another's"


@pytest.mark.parametrize("quotes", [True, False])
async def test_a_follow_up_that_is_kept_stands_alone_in_the_words_that_were_typed(asking: Asking, quotes: bool) -> None:
    model = ScriptedLlm("4 kg [1].", condensed="", quotes=quotes)
    answer = await asking.ask(model, "And what does that guage weigh?", TALK[:1])
    assert answer.trace.alone == "And what does that guage weigh? (Kestrel L2)"
    model = ScriptedLlm("4 kg [1].", condensed="What does the Kestrel L2 weigh?")
    assert (await asking.ask(model, "And what does it weigh?", TALK)).trace.alone == "What does the Kestrel L2 weigh?"


async def test_numbers_are_renumbered_by_first_mention(asking: Asking, found: Found) -> None:
    answer = await asking.ask(ScriptedLlm("Leave lasts 26 weeks [2]; the gauge [1] is no part of it [7]."))
    assert answer.text == "Leave lasts 26 weeks [1]; the gauge [2] is no part of it."
    assert [(c.n, c.chunk.title) for c in answer.citations] == [(1, "Document 2"), (2, "Document 1")]


REFUSALS = [
    "I don't know.",
    "I don\u2019t know who pays; the sources only name the price [1].",
    "I do not know.",
    "I'm sorry, but I don't know.",
    "Sorry, I couldn't find that.",
    "**I cannot answer that.**",
    "Unfortunately, the sources do not say.",
    "The sources do not mention a discount [1].",
    "The provided documents don't hold the answer.",
    "The information given does not include a date.",
    "None of the sources says when it ends.",
    "No source mentions it.",
    "No information is provided about this.",
    "There is no information about it.",
    REFUSAL,
]
ANSWERS = [
    "The information provided shows that the gauge costs £2,340 [1].",
    "The documents are kept for seven years and do not leave the office [1].",
    "No documents are needed for an expense below £20 [1].",
    "No information may leave the company [1].",
    "The gauge does not hold a charge [1].",
    "I know that it costs £2,340 [1].",
    "Leave lasts 26 weeks [2]; I don't know more.",
]


@pytest.mark.parametrize("said", REFUSALS)
async def test_refusal_is_told_apart_and_proves_nothing(asking: Asking, said: str) -> None:
    answer = await asking.ask(ScriptedLlm(said))
    assert answer.refused
    assert answer.citations == ()
    assert "[1]" not in answer.text, "a number without its passage leads nowhere"


@pytest.mark.parametrize("said", ANSWERS)
async def test_answer_is_no_refusal(asking: Asking, said: str) -> None:
    answer = await asking.ask(ScriptedLlm(said))
    assert not answer.refused
    assert answer.citations


async def test_where_nothing_is_found_nobody_is_asked(asking: Asking) -> None:
    asking.found = []
    model = ScriptedLlm("It costs nothing.")
    answer = await asking.ask(model)
    assert model.asked == []
    assert answer.refused
    assert answer.text == REFUSAL == "".join(asking.shown)
    assert (answer.fault, answer.citations, answer.retrieved) == ("", (), ())


@pytest.mark.parametrize("quotes", [True, False])
async def test_only_a_model_that_quotes_is_kept_from_what_does_not_hold_the_answer(
    asking: Asking, quotes: bool
) -> None:
    asking.refuses = True
    answer = await asking.ask(ScriptedLlm("It costs £2,340 [1].", quotes=quotes))
    assert answer.refused == quotes
    assert (answer.text == REFUSAL) == quotes
    assert (answer.retrieved == ()) == quotes


async def test_a_damaged_index_is_told_in_its_own_words(asking: Asking) -> None:
    asking.found = VectorIndexError("The index is damaged; run: python -m rag.ingest.")
    answer = await asking.ask(ScriptedLlm("It costs nothing."))
    assert answer.fault == "The index is damaged; run: python -m rag.ingest."
    assert answer.text == ""


async def test_trace_tells_how_it_went(asking: Asking) -> None:
    answer = await asking.ask(ScriptedLlm("It ", "costs ", "£2,340 [1]."))
    trace = answer.trace
    assert set(trace.stages) == {"condense", "retrieve", "answer", "check"}
    assert all(ms >= 0 for ms in trace.stages.values())
    assert trace.tokens == 3
    assert 0 < trace.first_token_ms <= trace.ms


async def test_where_no_model_was_asked_none_is_told_of(asking: Asking) -> None:
    trace = (await asking.ask(ScriptedLlm("The gauge costs four pounds [1].", quotes=True))).trace
    assert (trace.prompt, trace.tokens, trace.tokens_per_second) == ("", 0, 0.0)


async def test_small_talk_is_answered_in_kind_and_nothing_is_searched_for_it(asking: Asking) -> None:
    model = ScriptedLlm("4 kg [1].", quotes=True)
    answer = await asking.ask(model, "Thanks!", TALK)
    assert (answer.text, answer.refused, answer.citations) == ("You are welcome.", False, ())
    assert "".join(asking.shown) == answer.text
    assert (answer.llm, answer.generation) == ("Scripted model", "gen-1")
    assert not model.asked
    assert not asking.searched


async def test_a_language_model_answers_small_talk_itself(asking: Asking) -> None:
    assert (await asking.ask(ScriptedLlm("My pleasure."), "Thanks!", TALK)).text == "My pleasure."


async def test_what_is_asked_after_a_thank_you_leans_on_what_was_said_before_it(asking: Asking) -> None:
    said = [*TALK, Turn("Thanks!", "You are welcome.")]
    await asking.ask(ScriptedLlm("4 kg [1].", quotes=True), "And what does it weigh?", said)
    assert "Thanks!" not in asking.before[0]
    assert "Who designed it?" in asking.before[0]
