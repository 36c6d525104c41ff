"""How names compare and sort."""

from __future__ import annotations

import unicodedata


def fold(name: str) -> str:
    """The form by which names are the same: compatibility characters, case and outer blanks do not count. Folding a
    folded name changes nothing."""
    folded = unicodedata.normalize("NFKC", name).casefold().strip()
    while folded != name:  # casefolding may undo the normal form, and the other way round; it settles at once or twice
        name, folded = folded, unicodedata.normalize("NFKC", folded).casefold().strip()
    return folded


def sort_name(name: str) -> str:
    """What lists are ordered by; cut, so that a position in a list always fits into a cursor."""
    return fold(name)[:100]
