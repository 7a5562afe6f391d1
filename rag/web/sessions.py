"""What Gradio remembers of a visitor, without a second description of the whole page for each of them.

Only its links to a page as it stands read that, which this page does not offer. It took 10 ms of everybody's time for each
visitor who came, and held hundreds of objects, which the garbage collector then went through again and again.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from gradio import state_holder


class Session(state_holder.SessionState):
    """A visitor's own values; of the page's parts it describes none."""

    def __init__(self, blocks: Any) -> None:
        undescribed: Any = SimpleNamespace(default_config=blocks.default_config, blocks={})
        super().__init__(undescribed)
        config: Any = self.blocks_config  # a copy that is this session's own
        config.config_for_block = _nothing


def _nothing(*described: object) -> dict[str, Any]:
    return {}


def remember_only_values() -> None:
    """For every page of this process that is launched from now on."""
    state_holder.SessionState = Session  # type: ignore[misc]
