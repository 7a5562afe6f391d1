"""What a language model is given: packed best first, neighbours joined, nothing twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.context import FENCE, pack
from rag.schema import Chunk, Retrieved

FILE = "# Otter\n\nIt swims.\n\nIt eats fish. It sleeps\nby day.\n\nThe end."
BODIES = ["# Otter\n\nIt swims.", "It eats fish.", "It sleeps\nby day.", "The end."]


def chunk(body: str, source: str = "a.md", start: int | None = None, score: float = 0.5) -> Retrieved:
    start = FILE.index(body) if start is None else start
    return Retrieved(
        Chunk(f"{source}{start}", f"Otter\n{body}", source, "t", "Otter", "", start, start + len(body)), score
    )


SWIMS, EATS, SLEEPS, END = map(chunk, BODIES)
ROOM = 10_000.0


def texts(found: list[Retrieved], room: float = ROOM) -> list[str]:
    return [section.text for section in pack(found, room)]


def test_chunks_that_follow_each_other_are_read_as_one_text() -> None:
    assert texts([EATS, SWIMS]) == ["Otter\n# Otter\n\nIt swims.\n\nIt eats fish."]
    assert texts([SLEEPS, EATS]) == ["Otter\nIt eats fish.\nIt sleeps\nby day."]


def test_what_lies_between_keeps_them_apart() -> None:
    assert texts([SWIMS, END, SLEEPS]) == ["Otter\n# Otter\n\nIt swims.", "Otter\nIt sleeps\nby day.\n\nThe end."]


def test_neighbours_in_another_document_stay_apart() -> None:
    other = chunk("It drinks.", "b.md", EATS.chunk.start)
    assert texts([SWIMS, other]) == [SWIMS.chunk.text, other.chunk.text]


def test_a_section_stands_where_its_best_chunk_ranks() -> None:
    other = chunk("It drinks.", "b.md", 0)
    assert [section.source for section in pack([EATS, other, SWIMS], ROOM)] == ["a.md", "b.md"]
    assert [section.source for section in pack([other, SWIMS, EATS], ROOM)] == ["b.md", "a.md"]


def test_a_section_scores_as_its_best_chunk() -> None:
    (section,) = pack([chunk(BODIES[0], score=0.9), chunk(BODIES[1], score=0.4)], ROOM)
    assert section.score == 0.9


def test_neighbours_can_be_left_apart() -> None:
    assert [section.text for section in pack([EATS, SWIMS], ROOM, join=False)] == [EATS.chunk.text, SWIMS.chunk.text]


def test_what_overlaps_is_said_once() -> None:
    first, second = chunk("It eats fish. It sleeps"), chunk("It sleeps\nby day.")
    assert texts([first, second]) == ["Otter\nIt eats fish. It sleeps\nby day."]


def test_a_text_is_given_once_wherever_it_stands() -> None:
    twin = chunk("It  eats fish.", "b.md", 90)
    assert texts([EATS, twin, END]) == [EATS.chunk.text, END.chunk.text]


def test_the_best_is_given_however_small_the_room() -> None:
    assert texts([EATS, SWIMS], 0) == [EATS.chunk.text]


def test_what_does_not_fit_is_passed_over_for_what_does() -> None:
    long = chunk("It " * 100, "b.md", 0)
    room = len(EATS.chunk.text) + len(END.chunk.text) + 2 * FENCE
    assert texts([EATS, long, END], room) == [EATS.chunk.text, END.chunk.text]


@given(st.permutations([SWIMS, EATS, SLEEPS, END]), st.integers(0, 4), st.integers(0, 400))
def test_nothing_is_lost_added_or_too_long(order: list[Retrieved], many: int, room: int) -> None:
    sections = pack(order[:many], room)
    given_ = [item for section in sections for item in section.chunks]
    assert len(given_) == len(set(map(id, given_))) <= many
    assert bool(given_) == bool(many)
    assert len(given_) <= 1 or sum(len(section.text) + FENCE for section in sections) <= room
    for section in sections:
        starts = [item.chunk.start for item in section.chunks]
        assert starts == sorted(starts)
        assert section.text.split()[1:] == FILE[starts[0] : section.chunks[-1].chunk.end].split()
