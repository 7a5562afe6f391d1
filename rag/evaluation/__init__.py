"""Questions whose answers are known + something that searches -> figures, and how sure they are.

Enters: questions with keywords, references or sources, and one or two sides that give chunks for a query. Leaves: figures per
category with their intervals, paired differences, and the report as text, JSON or a page. This room does not know how a search
works inside, where an index lies, nor what a setting is called; `rag.evaluate` hands it everything.
"""
