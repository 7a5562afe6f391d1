"""The plain recipe knows where its chunks stand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.plain import locate

paragraphs = st.lists(st.text("ab ", min_size=1, max_size=6).filter(str.strip), min_size=1, max_size=12)


def test_pieces_that_were_stripped_and_joined_anew_are_found() -> None:
    text = "  # Title\n\n\n\nFirst line\nsecond line\n\n \n\nThe end.\n"
    pieces = ["# Title\n\nFirst line\nsecond line", "First line\nsecond line\n\nThe end."]
    (start, end), (other_start, other_end) = locate(pieces, text)
    assert text[start:end] == "# Title\n\n\n\nFirst line\nsecond line"
    assert text[other_start:other_end] == "First line\nsecond line\n\n \n\nThe end."


def test_of_two_equal_pieces_each_has_its_own_place() -> None:
    assert list(locate(["same", "same", "other"], "same\n\nsame\n\nother")) == [(0, 4), (6, 10), (12, 17)]


def test_a_piece_that_is_not_there_is_no_chunk_of_this_text() -> None:
    with pytest.raises(ValueError, match="does not hold"):
        list(locate(["gone"], "here"))


@given(paragraphs, st.integers(1, 3), st.integers(0, 2), st.sampled_from(["\n\n", "\n\n\n\n", "\n\n \n"]))
def test_every_piece_is_found_in_order(parts: list[str], size: int, overlap: int, gap: str) -> None:
    """Windows over paragraphs, as the splitter makes them: each begins and ends after the one before."""
    step = max(1, size - overlap)
    windows = [parts[at : at + size] for at in range(0, max(1, len(parts) - size + 1), step)]
    pieces = ["\n\n".join(window).strip() for window in windows]
    text = gap.join(parts)
    places = list(locate(pieces, text))
    assert ["".join(text[start:end].split()) for start, end in places] == ["".join(piece.split()) for piece in pieces]
    assert all(one[0] < other[0] and one[1] < other[1] for one, other in pairwise(places))
