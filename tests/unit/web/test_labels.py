"""The words on the page."""

from __future__ import annotations

from rag.answering.llm import EXTRACTIVE
from rag.schema import LlmChoice, Overview
from rag.web.labels import apology, doc_type_choices, doc_type_label, greeting, looked_for


def test_doc_types_as_a_person_writes_them() -> None:
    assert doc_type_label("meeting-notes") == "Meeting notes"
    assert doc_type_label("HR_files") == "HR files"


def test_the_filter_begins_with_everything() -> None:
    assert doc_type_choices({"policies": 7, "contracts": 9}) == [
        ("All documents", ""),
        ("Contracts (9)", "contracts"),
        ("Policies (7)", "policies"),
    ]
    assert doc_type_choices({}) == [("All documents", "")]


def test_the_greeting_counts() -> None:
    overview = Overview("gen-1", "", 1, 4, {}, ())
    assert "1 document," in greeting(overview)


def test_the_greeting_says_why_an_older_index_answers() -> None:
    overview = Overview("gen-1", "", 1, 4, {}, (), "The newer <one> is damaged.")
    assert '<p class="notice" role="status">The newer &lt;one&gt; is damaged.</p>' in greeting(overview)
    assert "notice" not in greeting(Overview("gen-1", "", 1, 4, {}, ()))


def test_a_look_for_models_tells_what_was_found() -> None:
    quoting = LlmChoice(EXTRACTIVE, "Quotes from the documents")
    models = [LlmChoice(f"Ollama:m{n}", f"m{n} (Ollama)") for n in range(5)]
    assert looked_for([quoting]).startswith("No model was found")
    assert looked_for([models[0], quoting]) == "1 model to choose from: m0 (Ollama)."
    assert looked_for([quoting, *models]).endswith(": m0 (Ollama), m1 (Ollama), m2 (Ollama) and 2 others.")


def test_an_apology_shows_the_command_and_no_markup() -> None:
    assert "<code>python -m rag.ingest</code>" in apology("There is no index; run `python -m rag.ingest`.")
    assert "&lt;b&gt;" in apology("There is no <b>index</b>.")
    assert "a ` b" in apology("a ` b")
