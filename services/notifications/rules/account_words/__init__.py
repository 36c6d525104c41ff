"""What letters about accounts say. A sentence that names a word nobody gave is left out of the letter."""

from __future__ import annotations

from typing import Any

from services.notifications.rules.account_words import da, en, nb, sv

WORDS: dict[str, dict[str, Any]] = {"en": en.WORDS, "sv": sv.WORDS, "nb": nb.WORDS, "da": da.WORDS}
