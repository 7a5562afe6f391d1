"""The page a person asks in.

Enters: an assistant that answers (see `needs.py`), the settings of the page, and what a visitor types or clicks.
Leaves: a Gradio page, its sources panel, and the API endpoint `chat`.
The room does not know how an answer is found: no search, no prompt, no language model. It keeps no conversation either;
a conversation lives in the visitor's browser, and each question carries its own history.
"""
