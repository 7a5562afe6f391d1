"""A visitor's values are kept, the page is not described again for each, and updates go through as they do without this."""

from __future__ import annotations

from typing import Any

import gradio as gr
import pytest
from gradio import state_holder

from rag.web.sessions import remember_only_values


@pytest.fixture(autouse=True)
def as_gradio_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_holder, "SessionState", state_holder.SessionState)
    return


def page() -> gr.Blocks:
    with gr.Blocks(analytics_enabled=False) as blocks:
        number = gr.State(0)
        asked = gr.Textbox(label="Ask")
        shown = gr.HTML()

        def tell(number: int, asked: str) -> tuple[int, Any, str]:
            return number + 1, gr.update(value="", label=f"After {asked}"), f"<b>{asked}</b>"

        gr.Button("Tell").click(tell, [number, asked], [number, asked, shown])
    return blocks


async def told(blocks: gr.Blocks, visitor: Any, asked: str) -> list[Any]:
    (number,) = (id_ for id_, block in blocks.blocks.items() if isinstance(block, gr.State))
    inputs = [visitor[number], asked]
    data = (await blocks.process_api(blocks.fns[0], inputs, state=visitor))["data"]
    return [visitor[number], *data]


def holder(blocks: gr.Blocks) -> state_holder.StateHolder:
    made = state_holder.StateHolder()
    made.set_blocks(blocks)
    return made


async def test_two_visitors_have_their_own_values_and_no_description() -> None:
    described, blocks = holder(page()), page()
    assert described["one"].config_values, "what this is to be rid of"
    remember_only_values()
    visitors = holder(blocks)
    for _ in range(2):
        await told(blocks, visitors["one"], "ants")
    await told(blocks, visitors["two"], "bees")
    (number,) = (id_ for id_, block in blocks.blocks.items() if isinstance(block, gr.State))
    assert (visitors["one"][number], visitors["two"][number]) == (2, 1)
    assert not any(any(visitor.config_values.values()) for visitor in visitors.session_data.values())


async def test_a_page_is_told_the_same_with_it_and_without() -> None:
    blocks = page()
    before = holder(blocks)["one"]
    answers = [await told(blocks, before, asked) for asked in ("ants", "bees")]
    remember_only_values()
    after = holder(blocks)["one"]
    assert type(after) is not type(before)
    assert [await told(blocks, after, asked) for asked in ("ants", "bees")] == answers
