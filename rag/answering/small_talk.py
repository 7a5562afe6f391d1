"""What people say that is no question to documents: hello, thanks, who are you. Pure.

A language model knows what to say to it. What can only quote would search, and answer "thanks!" with a sentence about thanks.
"""

from __future__ import annotations

import re

_SAID = {
    "about": r"(?:who|what) (?:are|r) (?:you|u)|what is this|what can (?:you|i) (?:do|ask)(?: (?:you|here|for me))?|"
    r"(?:please )?help(?: me)?(?: please)?|can you help(?: me)?|how (?:does|do) (?:this|you|it) work|are you (?:a )?"
    r"(?:bot|robot|human|person|real|an? ai|ai)|(?:what is|whats) your name",
    "how": r"how are (?:you|u)(?: doing)?(?: today)?|how(?: is|s) it going|whats up|what is up",
    "thanks": r"(?:many )?thanks?(?: (?:a lot|you|so much|very much|again|for (?:the|your|all the|all your) help))*|"
    r"thx|ty|cheers|that (?:helps|helped)(?: a lot)?|very helpful",
    "bye": r"(?:good ?)?bye(?: bye)?|see (?:you|ya)(?: later| soon)?|good night",
    "hello": r"(?:hello|hi|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day))(?: (?:there|all|everyone|lodestar|bot))?",
    "noted": r"ok(?:ay)?|k|cool|great|perfect|nice(?: one)?|good(?: job)?|well done|got it|i see|alright|all right|right|fine|"
    r"sure|yes|yeah|yep|no|nope|never ?mind|lol|haha(?:ha)*|wow|hm+|oh|ah",
}
_REPLIES = {
    "about": "I look through these documents and quote the sentences that answer, with a link to where each one stands. "
    "Ask about anything that you expect to find in them.",
    "how": "Fine, thank you. What would you like to know from the documents?",
    "thanks": "You are welcome.",
    "bye": "Goodbye.",
    "hello": "Hello. What would you like to know from the documents?",
    "noted": "What else would you like to know from the documents?",
}
_KINDS = {kind: re.compile(rf"(?:{said})(?= |$)") for kind, said in _SAID.items()}
_LONGEST = 80  # characters; who writes more asks something


def reply_to(text: str) -> str:
    """What to say to it; empty where it may be a question to the documents."""
    left = " ".join(re.sub(r"[^\w\s]", " ", re.sub(r"['\u2019]", "", text.lower())).split())
    if len(text) > _LONGEST or not left:
        return ""
    found = set()
    while left:
        kind, end = max(
            ((kind, match.end()) for kind, one in _KINDS.items() if (match := one.match(left))),
            key=lambda m: m[1],
            default=("", 0),
        )
        if not kind:
            return ""
        found.add(kind)
        left = left[end:].lstrip()
    return next(reply for kind, reply in _REPLIES.items() if kind in found)
