"""Pure decisions about files: names, limits, types, who may remove. No clock, no database, no store."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from services.chassis.problems import Conflict, TooLarge

DEFAULT_MAX_BYTES = 10 * 1024 * 1024
LONGEST_NAME = 255
DEEPEST_FOLDER = 20
MOST_FOLDERS = 1_000
MOST_FILES = 5_000
LINK_LIFE = timedelta(minutes=5)
UPLOAD_LIFE = timedelta(minutes=60)
# Bytes are taken away only after the last permission to write them has run out.
QUIET_TIME = LINK_LIFE * 2

# What a browser would run or draw as a page; such bytes are handed out as plain bytes.
_ACTIVE = ("html", "xml", "svg", "script", "ecmascript", "pdf", "flash", "shockwave", "mathml")
_INVISIBLE = {"\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"}


def max_bytes_of(profile: dict[str, Any]) -> int:
    """The team's limit for one file."""
    limit = (profile.get("files") or {}).get("max_bytes", DEFAULT_MAX_BYTES)
    return limit if isinstance(limit, int) and limit > 0 else DEFAULT_MAX_BYTES


def name_key(name: str) -> str:
    """What makes two names the same name to people: case, Unicode form and invisible letters do not count."""
    plain = "".join(letter for letter in unicodedata.normalize("NFC", name) if letter not in _INVISIBLE)
    return unicodedata.normalize("NFC", plain.casefold()).strip(" .")


def free_name(name: str, taken: Collection[str]) -> str:
    """``name``, or ``name (2)`` and so on with the ending kept, so that its key is not among ``taken``."""
    if name_key(name) not in taken:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem.strip(" .") or len(ending) > 20:
        stem, dot, ending = name, "", ""
    number = 2
    while True:
        mark = f" ({number})"
        tried = stem[: LONGEST_NAME - len(mark) - len(dot) - len(ending)] + mark + dot + ending
        if name_key(tried) not in taken:
            return tried
        number += 1


def must_be_within(size: int, limit: int) -> None:
    """Refuse a file over the team's limit, in words that tell what to do; the limit itself is allowed."""
    if size > limit:
        told = f"{limit / 1_048_576:.1f}".rstrip("0").rstrip(".")
        detail = (
            f"The file has {size:,} bytes; the largest allowed here is {told} MB ({limit:,} bytes). "
            "Make it smaller, split it into several files, or ask support for another way to send it."
        )
        raise TooLarge("file_too_large", detail, extra={"max_bytes": limit})


def must_take_files(status: str) -> None:
    """A cancelled case takes no more files; an open or closed one does."""
    if status == "cancelled":
        raise Conflict("case_cancelled", "The case is cancelled; it takes no more files.")


def must_have_room(count: int, most: int) -> None:
    """Keep one case's tree readable."""
    if count >= most:
        raise Conflict("tree_full", f"This case has {most:,} of them already. Remove some, or open another case.")


def must_not_be_too_deep(depth: int) -> None:
    """Folders may lie in folders, but not for ever."""
    if depth > DEEPEST_FOLDER:
        raise Conflict("too_deep", f"Folders may lie {DEEPEST_FOLDER} deep at most.")


def must_have_arrived(size: int, found: int | None) -> None:
    """``found`` is what the store holds: exactly the announced size, or the upload is not complete."""
    if found != size:
        held = "nothing" if found is None else f"{found:,} bytes"
        detail = f"{size:,} bytes were announced, and the store holds {held}. Send the bytes again, then finish."
        raise Conflict("upload_incomplete", detail)


def may_remove(user_id: str, uploaded_by: str, principals: Collection[str]) -> bool:
    """The uploader may take a file out again, and so may staff."""
    return user_id == uploaded_by or any(name.startswith("team:") for name in principals)


def permissions_of(user_id: str, uploaded_by: str, principals: Collection[str]) -> list[str]:
    """What this reader may do with a file."""
    return ["file.read", *(["file.remove"] if may_remove(user_id, uploaded_by, principals) else [])]


def served_type(content_type: str) -> str:
    """The type the store says when it hands the bytes out: never one that a browser would run."""
    return "application/octet-stream" if any(word in content_type for word in _ACTIVE) else content_type


def disposition(name: str) -> str:
    """``Content-Disposition`` of a download (RFC 6266): a plain ASCII name for old clients, the real one beside it."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = "".join("_" if letter in '"\\%;' or not letter.isprintable() else letter for letter in ascii_name).strip()
    return f"attachment; filename=\"{plain or 'file'}\"; filename*=UTF-8''{quote(name, safe='')}"


def pause(tries: int) -> timedelta:
    """How long the errand waits before it tries an object again."""
    return timedelta(seconds=min(30 * 2 ** min(tries, 10), 3_600))
