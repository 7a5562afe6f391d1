"""Question + history -> Answer, streamed.

Enters: what the person asked, the earlier turns, an opened index. Leaves: pieces of text, then one `Answer` with its
citations. This room knows nothing of pages; `assistant.py` is where its parts and the rooms below are wired together.
"""
