"""The keeping of a knowledge base and its index while they are in use: documents added and taken away, ingests, going back.

Enters: settings, and what somebody at the page wants done.
Leaves: files in the knowledge base, a running ingest and how far it is, another generation published.
The room trusts nobody: every name and size is checked here, and whether the asker may change anything at all.
"""
