"""Where a text is code: the pieces make up the text, and only what a fence or backticks close off is code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.code_spans import blanked, parts

texts = st.lists(st.sampled_from([*"a[1] \n`~", "```", "~~~", "\n```\n", "\n  ```py\n"]), max_size=30).map("".join)


@given(texts)
def test_the_parts_are_the_text(text: str) -> None:
    found = list(parts(text))
    assert "".join(text[part.start : part.end] for part in found) == text
    for part in found:
        assert part.start < part.end
        if part.fence:
            assert part.start <= part.inside[0] <= part.inside[1] <= part.end
    assert len(blanked(text)) == len(text)
    assert blanked(text).count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("a `b[1]` c [2]", "a `````` c [2]"),
        ("a ``b`[1]`` [2]", "a ````````` [2]"),
        ("a `b [1]\nc` [2]", "a `b [1]\nc` [2]"),
        ("a ` ` [2]", "a ` ` [2]"),
        ("```\n[1]\n```\n[2]", "```\n```\n```\n[2]"),
        ("- a\n  ~~~x\n  [1]\n  ~~~~\n[2]", "- a\n``````\n`````\n``````\n[2]"),
        ("```\n[1]\n[2]", "```\n```\n```"),
        ("```a``` [2]", "``````` [2]"),
        ("x ```\n[2]", "x ```\n[2]"),
    ],
)
def test_by_example(text: str, prose: str) -> None:
    assert blanked(text) == prose
