"""The report for a person, and the page: what stands on them, and that nothing from outside becomes markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from rag.evaluation.evaluation import Evaluation
from rag.evaluation.page import page
from rag.evaluation.page_questions import highlighted
from rag.evaluation.questions import Question, Reference
from rag.evaluation.report import chance, count, figure, lines
from rag.evaluation.statistics import Estimate
from tests.unit.evaluation.runs import QUESTIONS, evaluation
from tests.unit.evaluation.samples import asking, chunk

VOID = {"meta", "br", "link"}


class Reader(HTMLParser):
    """Checks that tags close in order, and collects them with the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_says_what_was_counted_and_what_not() -> None:
    text = "\n".join(lines(evaluation()))
    assert text.startswith("5 questions in questions.jsonl; 3 measured at k=2 in 3 chunks.\n")
    assert "1 question without an answer: left out" in text
    assert "1 question with no keywords, references or sources: cannot be measured by a search (q5)." in text
    assert "A note." in text
    assert "plain recipe" not in text
    assert re.search(r"^MRR +3 +0\.667 \(0\.00–1\.00\)$", text, re.MULTILINE)
    assert re.search(r"^things +1( +0\.000){4}$", text, re.MULTILINE), "one question has no interval"


def test_the_report_of_a_comparison_counts_wins_and_losses() -> None:
    text = "\n".join(lines(evaluation(compare=True)))
    assert re.search(r"^MRR +3 .* 1 +1 +1 +1\.000$", text, re.MULTILINE)
    assert "3 of the plain recipe" in text


@pytest.mark.parametrize(
    ("value", "signed", "shown"),
    [
        (None, False, "-"),
        (Estimate(1, 0.5, None, None), False, "0.500"),
        (Estimate(9, 0.5, 0.25, 0.75), False, "0.500 (0.25–0.75)"),
        (Estimate(9, -0.1, -0.2, 0.05), True, "-0.100 (-0.20 to +0.05)"),
    ],
)
def test_figures_on_paper(value: Estimate | None, signed: bool, shown: str) -> None:
    assert figure(value, signed) == shown


def test_small_words() -> None:
    assert (chance(0.0004), chance(0.0414), count(1, "question"), count(2, "question")) == (
        "<0.001",
        "0.041",
        "1 question",
        "2 questions",
    )


@pytest.mark.parametrize("compare", [False, True])
def test_the_page_is_whole_and_asks_nobody_for_anything(compare: bool) -> None:
    html = page(evaluation(compare=compare))
    reader = Reader(html)
    assert not {"script", "link", "img", "iframe", "a"} & set(reader.tags)
    assert not {"src", "href", "onclick"} & {name for name, _ in reader.attributes}
    assert "url(" not in html
    assert "http" not in html.replace("http-equiv", "")
    assert "prefers-color-scheme: dark" in html
    assert "5 questions in questions.jsonl" in reader.text
    assert "Which is <b>built</b>?" in reader.text, "escaped, so it is text"
    assert ("won, lost, tied" in reader.text) == compare


def test_the_page_shows_the_questions_that_moved_or_those_that_went_worst() -> None:
    def shown(html: str) -> list[str]:
        return re.findall(r"<summary>\n<b>(.*?)</b>", html)

    assert shown(page(evaluation(compare=True))) == ["Which swims?", "Which is &lt;b&gt;built&lt;/b&gt;?"]
    assert shown(page(evaluation())) == ["Which is &lt;b&gt;built&lt;/b&gt;?"]


def test_right_chunks_are_marked_and_keywords_highlighted() -> None:
    html = page(evaluation(compare=True))
    assert '<li class="relevant"><div class="where">otter.md, characters 0 to 21 <b>relevant</b></div>' in html
    assert "<pre>the <mark>otter</mark> stands here</pre>" in html


def test_highlights_are_escaped_and_follow_offsets_into_the_body() -> None:
    found = chunk("Title > Head\n\n<i>the otter</i>", start=100, end=116)
    question = Question("q", "?", keywords=("OTTER", "<i>"), references=(Reference("a.md", 103, 106),))
    assert highlighted(question, found) == (
        'Title &gt; Head\n\n<mark>&lt;i&gt;</mark><mark class="proof">the</mark> <mark>otter</mark>&lt;/i&gt;'
    )
    elsewhere = Question("q", "?", references=(Reference("b.md", 103, 106),))
    assert "<mark" not in highlighted(elsewhere, found)
    assert highlighted(asking("x"), chunk("")) == ""


def test_a_page_without_a_search_has_the_rest() -> None:
    reader = Reader(page(Evaluation("questions.jsonl", "dev", QUESTIONS[3:4])))
    assert "1 question of the dev half in questions.jsonl." in reader.text
