"""numpy's linear algebra on one thread: its threads, the embedding model's and other visitors' would wait for each other."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


@cache
def _blas() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def one_thread() -> AbstractContextManager[object]:
    """For as long as the context lasts, in the whole process."""
    limited: AbstractContextManager[object] = _blas().limit(limits=1)
    return limited
