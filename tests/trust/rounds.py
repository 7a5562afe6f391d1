"""How many times the tests of this folder try: some in CI, all in `make soak`."""

from __future__ import annotations

import os

SOAKING = bool(os.environ.get("SOAK"))


def rounds(ci: int, soak: int) -> int:
    """`soak` under `make soak`, otherwise `ci`."""
    return soak if SOAKING else ci
