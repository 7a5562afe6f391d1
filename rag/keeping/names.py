"""What an uploaded file and a doc_type may be called: on any system, in any folder, and read by a person as it is."""

from __future__ import annotations

import re
import unicodedata

from rag.documents.load import LOADERS
from rag.schema import LodestarError

_LONGEST_FILE, _LONGEST_DOC_TYPE = 180, 80  # bytes; a file system takes 255, and a name beside it needs room too
_JOINERS = "\u200c\u200d"  # some scripts, and many emoji, are written with them
_SIGNS = re.compile(r'[<>:"|?*\\/]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?", re.IGNORECASE)


def file_name(given: object) -> str:
    """The name under which an uploaded file is kept. Raises LodestarError with what is wrong with it."""
    name = _checked(given, "file", _LONGEST_FILE)
    stem, dot, suffix = name.rpartition(".")
    if f"{dot}{suffix}".lower() not in LOADERS or not stem.strip():
        raise LodestarError("it is no Markdown file; its name must end in .md or .markdown")
    return name


def doc_type_name(given: object) -> str:
    """The name of a doc_type's folder. Raises LodestarError with what is wrong with it."""
    name = _checked(given, "doc_type", _LONGEST_DOC_TYPE)
    if name.endswith("."):
        raise LodestarError("it ends in a full stop")
    return name


def shown(given: object) -> str:
    """A name that may be anything, short and on one line, for a sentence about it."""
    letters = [letter if letter.isprintable() else "\ufffd" for letter in str(given)[:81]]
    name = "".join(letters[:80]) + ("…" if len(letters) > 80 else "")
    return name.encode("utf-8", "replace").decode("utf-8").strip() or "(no name)"


def _checked(given: object, what: str, longest: int) -> str:
    if not isinstance(given, str) or not given.strip():
        raise LodestarError("it has no name")
    name = unicodedata.normalize("NFC", given)
    if any(_strange(letter) for letter in name):
        raise LodestarError("its name holds characters that cannot be seen")
    if "/" in name or "\\" in name:
        raise LodestarError(f"its name is a path; a {what} is named without its folder")
    if name.startswith("."):
        raise LodestarError("its name begins with a full stop, so it would be hidden")
    if found := _SIGNS.search(name):
        raise LodestarError(f"its name holds {found[0]}, which not every system can keep")
    if name != name.strip():
        raise LodestarError("its name begins or ends with a blank")
    if _RESERVED.fullmatch(name):
        raise LodestarError("its name is reserved by the system")
    if len(name.encode("utf-8")) > longest:
        raise LodestarError(f"its name is longer than {longest} bytes")
    return name


def _strange(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") or (category == "Cf" and letter not in _JOINERS)
