"""Words on disk: found by halving, in the order of their characters."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from rag.index.vocabulary import Vocabulary, build_vocabulary

WORDS = st.text(st.characters(exclude_characters="\n"), min_size=1, max_size=4)


@given(st.sets(WORDS, max_size=30), WORDS)
def test_every_word_has_its_number_and_no_other_has_one(words: set[str], other: str) -> None:
    ordered = sorted(words)
    with TemporaryDirectory() as folder:
        build_vocabulary(Path(folder), ordered)
        vocabulary = Vocabulary(Path(folder))
        assert len(vocabulary) == len(ordered)
        assert [vocabulary.find(word) for word in ordered] == list(range(len(ordered)))
        assert (other in vocabulary) == (other in words)
        assert vocabulary.between(0, len(ordered)) == ordered
        assert vocabulary.beginning(other[0]) == [word for word in ordered if word[0] == other[0]]


def test_a_part_of_the_words_is_read_alone(tmp_path: Path) -> None:
    build_vocabulary(tmp_path, ["ant", "bee", "cow", "dog"])
    vocabulary = Vocabulary(tmp_path)
    assert vocabulary.between(1, 3) == ["bee", "cow"]
    assert vocabulary.between(2, 2) == []
    assert vocabulary.beginning("z") == []
