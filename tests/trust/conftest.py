"""The promises are tested with the real parts of the integration tests, and with the page of the browser tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import chromium, start, visit, workspace
from tests.browser.visitor import launched
from tests.integration.conftest import asking_endpoint, assistant, endpoint, minilm, small_base, small_index

__all__ = [
    "asking_endpoint",
    "assistant",
    "chromium",
    "endpoint",
    "minilm",
    "small_base",
    "small_index",
    "start",
    "visit",
    "workspace",
]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """Closed with the file that opened it: the files after it run event loops of their own."""
    with launched(chromium) as browser:
        yield browser


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.trust)
