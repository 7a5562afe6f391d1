"""What can be quoted: each unit stands in its source where it says it does, and knows what stands above it."""

from __future__ import annotations

import pytest

from rag.documents.quotable import Quotable, quotables, with_antecedent

SOURCE = """Port > 4. Call-out
Four call-outs a year are included. Each after that costs £410.
The fees are:
- Mooring: £12
- Tug: £90. It comes from Leith.

## 5. Prices
| Product (2026) | Price (net) | £ |
|---|---|---|
| Otter | £4,100 | 4 |
> Quoted line here.
"""


def test_units_are_sentences_items_and_rows_with_title_heading_and_lead() -> None:
    assert [(one.text, one.about, one.lead) for one in quotables([SOURCE])] == [
        ("Four call-outs a year are included.", "Port > Call-out", ""),
        ("Each after that costs £410.", "Port > Call-out", ""),
        ("The fees are:", "Port > Call-out", ""),
        ("Mooring: £12", "Port > Call-out", "The fees are:"),
        ("Tug: £90.", "Port > Call-out", "The fees are:"),
        ("It comes from Leith.", "Port > Call-out", ""),
        ("Otter: Price (net): £4,100; £4", "Port > Prices", ""),
        ("Quoted line here.", "Port > Prices", ""),
    ]


def test_a_line_in_bold_says_who_speaks_and_is_nothing_to_quote() -> None:
    source = "Ticket > Talk\n**Anita, 11:30** *(rung up)*\nTwo boxes came.\n\n**2. Whose?**\nOurs.\n\n## End\nClosed."
    assert [(one.text, one.about) for one in quotables([source])] == [
        ("Two boxes came.", "Ticket > Talk > Anita, 11:30"),
        ("Ours.", "Ticket > Talk > Whose?"),
        ("Closed.", "Ticket > End"),
    ]


def test_a_unit_knows_its_place_and_its_source() -> None:
    for one in quotables(["Other\nNothing here.", SOURCE]):
        source = ["Other\nNothing here.", SOURCE][one.n - 1]
        assert source[one.start : one.end] == one.text or (one.is_row and source[one.start] == "|")


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("It weighs 4 kg.", True),
        ("*She* joined in May.", True),
        ("Each after that costs £410.", True),
        ("The first is free.", True),
        ("Items weigh 4 kg.", False),
        ("Each gauge weighs 4 kg.", False),
        ("The last instalment falls due in May.", False),
    ],
)
def test_a_sentence_points_back_by_how_it_begins(text: str, points: bool) -> None:
    assert Quotable(1, 0, len(text), text, "").points_back is points


def test_a_sentence_that_points_back_brings_the_one_before_unless_that_is_far_or_long() -> None:
    found = quotables([SOURCE, "Harbour\nIt opens at nine."])
    assert with_antecedent(found, 1, 320) == [0, 1]
    assert with_antecedent(found, 1, 40) == [1], "too long together"
    assert with_antecedent(found, 2, 320) == [2], "speaks of nothing before it"
    assert with_antecedent(found, 8, 320) == [8], "another source stands before it"
