"""Numbers in streamed text: the same result however the text is cut, and none that names no source."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.evidence import Markers
from rag.documents.code_spans import blanked

FRAGMENTS = [
    *(
        "[1]",
        "[2]",
        "[3]",
        "[9]",
        "[0]",
        "[2, 3]",
        "[3,1]",
        "[1 and 2]",
        "【1】",
        "【2†】",
        "[Source 1]",
        "[sources 1, 2]",
    ),
    *(
        "[",
        "]",
        "1",
        "2",
        ",",
        " and ",
        " ",
        "\n",
        "source ",
        "Two pounds",
        ".",
        "[x]",
        "[1](http://a)",
        "[ ]",
        "[2026]",
        "`",
        "``",
        "```",
        "\n```\n",
        "~~~",
    ),
]
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=10).map("".join)


def filtered(pieces: list[str], sources: int = 3) -> tuple[str, list[int]]:
    markers = Markers(sources)
    shown = "".join([*map(markers.feed, pieces), markers.close()])
    return shown, markers.order


@given(texts, st.lists(st.integers(0, 60)))
def test_every_way_to_cut_a_text_gives_the_same(text: str, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in itertools.pairwise(edges)]
    assert filtered(pieces) == filtered([text]) == filtered(list(text))


@given(texts)
def test_what_is_shown_names_sources_only_numbered_by_first_mention(text: str) -> None:
    shown, order = filtered(list(text))
    assert set(order) <= {1, 2, 3}
    assert len(set(order)) == len(order)
    first_seen = list(dict.fromkeys(int(n) for n in re.findall(r"\[(\d{1,3})\]", blanked(shown))))
    assert first_seen == list(range(1, len(order) + 1))


@given(texts)
def test_nothing_but_markers_is_changed(text: str) -> None:
    def without(text: str) -> str:
        return re.sub(r"[\[\]【】\d\s,]|sources?|and", "", text, flags=re.I)

    assert without(filtered(list(text))[0]) == without(text)


@pytest.mark.parametrize(
    ("said", "shown", "order"),
    [
        ("Two [1].", "Two [1].", [1]),
        ("Two [3], four [1], six [3].", "Two [1], four [2], six [1].", [3, 1]),
        ("Two [2, 3].", "Two [1][2].", [2, 3]),
        ("Two [3; 3 and 1].", "Two [1][2].", [3, 1]),
        ("Two [2][3].", "Two [1][2].", [2, 3]),
        ("Two 【2】.", "Two [1].", [2]),
        ("Two [Source 2].", "Two [1].", [2]),
        ("Two [Sources 1, 3].", "Two [1][2].", [1, 3]),
        ("Two[ 2 ].", "Two[1].", [2]),
        ("Two [9], four [2].", "Two, four [1].", [2]),
        ("Two [0].", "Two.", []),
        ("Two [9] and [8] three", "Two and three", []),
        ("Two [9]and three", "Two and three", []),
        ("Two [9]\n[8] three [1]", "Two\n three [1]", [1]),
        ("Two [2, 9].", "Two [1].", [2]),
        ("In [2026] and [x] and [ ] and a[", "In [2026] and [x] and [ ] and a[", []),
        ("[TF-C-0142] is open [", "[TF-C-0142] is open [", []),
        ("[[2]]", "[[1]]", [2]),
        ("`rows[1]` is the second [2].", "`rows[1]` is the second [1].", [2]),
        ("``a`[9]`b`` and `x [1]", "``a`[9]`b`` and `x [1]", [1]),
        ("So:\n```python\nx[9] = y[2]\n```\nas told [2].", "So:\n```python\nx[9] = y[2]\n```\nas told [1].", [2]),
        ("- So:\n  ~~~\n  x [9]\n  ``` [9]\n  ~~~\n[9]!", "- So:\n  ~~~\n  x [9]\n  ``` [9]\n  ~~~\n!", []),
        ("```\nx[9] is never closed [1]", "```\nx[9] is never closed [1]", []),
    ],
)
def test_by_example(said: str, shown: str, order: list[int]) -> None:
    assert filtered(list(said)) == (shown, order)


def test_text_is_held_back_only_while_it_may_become_a_marker() -> None:
    markers = Markers(2)
    assert markers.feed("Two pounds [") == "Two pounds"
    assert markers.feed("1") == ""
    assert markers.feed("] and ") == " [1] and"
    assert markers.feed("[see the table]") == " [see the table]"
    assert markers.feed("[") == ""
    assert markers.close() == "["
    assert markers.close() == ""


@pytest.mark.parametrize("sources", [0, 1])
def test_without_such_a_source_every_number_goes(sources: int) -> None:
    assert filtered(["Two [2]."], sources) == ("Two.", [])


def test_code_streams_as_it_comes() -> None:
    markers = Markers(2)
    assert markers.feed("Say `rows[1") == "Say"
    assert markers.feed("]`") == ""
    assert markers.feed(" first.\n``") == " `rows[1]` first.\n"
    assert markers.feed("`py") == ""
    assert markers.feed("\nx = rows[") == "```py\nx = rows["
    assert markers.feed("9]\n") == "9]\n"
    assert markers.feed("```") == ""
    assert markers.feed("\nDone [2]") == "```\nDone [1]"


def test_a_list_of_many_numbers_is_a_marker_too() -> None:
    said = "All [Source 1, Source 2, Source 3, Source 1, Source 2]."
    assert filtered(list(said)) == filtered([said]) == ("All [1][2][3].", [1, 2, 3])


@pytest.mark.parametrize("run", [" ", "[ ", "[1 "])
def test_a_long_run_that_never_becomes_a_marker_is_read_in_one_go(run: str) -> None:
    markers = Markers(3)
    text = run * 300_000 + "x"
    assert markers.feed(text) + markers.close() == text, "after hours where each blank begins the search anew"
