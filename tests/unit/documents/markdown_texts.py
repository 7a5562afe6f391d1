"""Markdown of every shape, made by hypothesis: orderly and broken, and rich in what tokenizers and parsers trip over."""

from __future__ import annotations

from hypothesis import strategies as st

WORDS = (
    "the river gauge Kestrel reads 4.7.2 TF-C-0142 e.g. Dr. unaffordability £1,460 naïve 日本語 a, b; ok? Yes! don't "
    "http://x.y/z?q=1 `code` **bold** _it_ [l](u) ... -- | # > 1. antidisestablishmentarianism"
).split()

word = st.one_of(
    st.sampled_from(WORDS),
    st.text("abcdefgh\u0301é漢字🙂_-.#|`*>~ ", min_size=1, max_size=12),
    st.text(min_size=1, max_size=6).filter(lambda text: "\r" not in text),
)


def _joined(parts: st.SearchStrategy[str], by: str, least: int, most: int) -> st.SearchStrategy[str]:
    return st.lists(parts, min_size=least, max_size=most).map(by.join)


sentence = _joined(word, " ", 1, 30).map(lambda text: f"{text}.")
paragraph = _joined(sentence, " ", 1, 6)
heading = st.builds("{} {}".format, st.sampled_from(["#", "##", "###", "######"]), _joined(word, " ", 0, 8))
underlined = _joined(word, " ", 1, 5).map(lambda text: f"{text}\n===")
list_item = st.builds("{}{}".format, st.sampled_from(["- ", "* ", "1. ", "  - ", "> ", "> - "]), sentence)
row = st.lists(_joined(word, " ", 0, 4), min_size=2, max_size=4).map(lambda cells: f"| {' | '.join(cells)} |")
table = st.builds(
    lambda head, rows: "\n".join([head, "|" + "---|" * (head.count("|") - 1), *rows]), row, st.lists(row, max_size=15)
)
code = _joined(paragraph, "\n", 0, 12).map(lambda text: f"```\n{text}\n```")
left_open = paragraph.map(lambda text: f"~~~py\n{text}")
long_word = st.integers(90, 3000).map(lambda length: "x" * length)
wall = st.builds(lambda text, times: f"{text} " * times, _joined(word, " ", 3, 12), st.integers(20, 60))
oddity = st.sampled_from(["---", "", "<div>\nhtml\n</div>", "\ufeff", "\x0c", "\u2028", "\u00a0 \u3000"])

block = st.one_of(
    paragraph,
    _joined(sentence, "\n", 1, 6),
    heading,
    underlined,
    _joined(list_item, "\n", 1, 12),
    table,
    code,
    left_open,
    long_word,
    wall,
    oddity,
)
front_matter = st.one_of(st.just(""), sentence.map(lambda title: f"---\ntitle: {title}\n---\n"))
body = st.builds(lambda by, blocks: by.join(blocks), st.sampled_from(["\n\n", "\n"]), st.lists(block, max_size=10))

markdown = st.builds("{}{}".format, front_matter, body)
"""Whole documents."""
