"""The promises are tested with the real parts of the integration tests, and with the page of the browser tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import browser, chromium, start, visit, workspace
from tests.integration.conftest import asking_endpoint, assistant, endpoint, minilm, small_base, small_index

__all__ = [
    "asking_endpoint",
    "assistant",
    "browser",
    "chromium",
    "endpoint",
    "minilm",
    "small_base",
    "small_index",
    "start",
    "visit",
    "workspace",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.trust)
