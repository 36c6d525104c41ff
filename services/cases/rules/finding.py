"""What a list can be asked for: every order and filter that is offered is answered by walking an index to the page.

A list has a base, the index it walks: the whole ``team``, its ``open`` pile, one ``organization``, a ``desk``
(assignee), a ``queue``, a ``tag``, or a person's own (``mine``, ``owned``, ``followed``). What only narrows (type,
priority, product, times) is checked along the walk, so it needs a base that is not the whole team, or a short period of
the order's own time: at most ``LONGEST_PERIOD``. A search has the words for its base.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.chassis.problems import Malformed
from services.contracts import cases as c

LONGEST_PERIOD = timedelta(days=92)
MOST_WORDS = 8
ENDING = 3  # letters that a stem may leave out
SHORTEST_GUESS = 4  # letters of a word that may be misspelt
OPEN_STATES = ("new", "open", "waiting_customer", "on_hold", "answered")

_ORDERS = {
    "team": {"updated_at", "created_at", "number"},
    "open": {"updated_at", "priority", "due"},
    "organization": {"updated_at", "created_at", "number", "priority"},
    "desk": {"updated_at", "priority", "due"},
    "queue": {"updated_at"},
    "tag": {"created_at"},
    "mine": {"updated_at"},
    "owned": {"updated_at"},
    "followed": {"updated_at"},
}
_OWN = ("mine", "owned", "followed")
_OPEN_ONLY = ("priority", "due")  # orders of open cases
_NARROWING = ("type", "priority", "product", "topic", "level", "assignee", "owner", "contact", "tag", "substatus")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Walk:
    """How a list is answered: its base, its order, the statuses that are walked one by one (none: no matter)."""

    base: str
    order: str
    backwards: bool
    statuses: tuple[str, ...] = ()


def walk_of(ask: c.ListCases, now: datetime, *, staff: bool) -> Walk:
    """Raises Malformed ``not_offered`` for filters and orders that no index answers together."""
    order, backwards = ask.sort.lstrip("-"), ask.sort.startswith("-")
    base = _base(ask, staff=staff)
    statuses = tuple(dict.fromkeys(ask.status))
    if order not in _ORDERS[base]:
        raise _refused(f"This list cannot be ordered by {order}.", "/sort")
    if order in _OPEN_ONLY and not _only_open(ask):
        raise _refused(f"Only open cases are ordered by {order}: add view=open.", "/sort")
    if ask.unread and base not in (*_OWN, "desk", "organization"):
        raise _refused("What is unread is told of my own lists, or those of one organization.", "/unread")
    if base != "team":
        return Walk(base, order, backwards)
    each = ("closed",) if ask.view == "closed" and not statuses else statuses
    by_status = each if order == "updated_at" else ()
    loose = _narrowed(ask, order) or (bool(each) and not by_status) or (ask.view == "open" and not by_status)
    if loose and ask.q is None and not _short(ask, order, now):
        detail = "Narrow it: open cases, one organization, assignee or queue, or a period of at most 92 days."
        if ask.tag is not None:
            raise _refused("What has a tag comes in the order of created_at.", "/sort")
        raise _refused(detail, f"/{order}_after" if order != "number" else "/sort")
    return Walk(base, order, backwards, by_status)


def _base(ask: c.ListCases, *, staff: bool) -> str:
    if ask.view in _OWN:
        return ask.view
    if ask.view == "assigned" or ask.assignee not in (None, "none"):
        return "desk"
    if ask.queue is not None and ask.sort not in _OPEN_ONLY:
        return "queue"
    if ask.organization_id is not None or not staff:
        return "organization"
    by_tag = ask.tag is not None and ask.sort.endswith("created_at")
    pile = ask.sort in _OPEN_ONLY or (ask.view == "open" and ask.sort.endswith("updated_at"))
    return "tag" if by_tag else "open" if pile else "team"


def _only_open(ask: c.ListCases) -> bool:
    return ask.view in ("open", "assigned") or (bool(ask.status) and set(ask.status) <= set(OPEN_STATES))


def _narrowed(ask: c.ListCases, order: str) -> bool:
    """Whether something besides base, status and the order's own time decides."""
    times = {
        "created_at": (ask.created_after, ask.created_before),
        "updated_at": (ask.updated_after, ask.updated_before),
    }
    others = [value for name, pair in times.items() if name != order for value in pair]
    return any(value is not None for value in (*(getattr(ask, name) for name in _NARROWING), *others))


def _short(ask: c.ListCases, order: str, now: datetime) -> bool:
    after, before = {
        "created_at": (ask.created_after, ask.created_before),
        "updated_at": (ask.updated_after, ask.updated_before),
    }.get(order, (None, None))
    return after is not None and (before or now) - after <= LONGEST_PERIOD


def _refused(detail: str, pointer: str) -> Malformed:
    errors = [{"pointer": pointer, "rule": "offered", "detail": detail}]
    return Malformed("not_offered", detail, errors=errors)


def words_of(text: str) -> list[str]:
    """The words of a search, as the documents have them: letters and digits, in small letters."""
    return [word[:64] for word in _WORD.findall(text.lower())[:MOST_WORDS]]


def beginnings_of(words: list[str]) -> str:
    """A regular expression of PostgreSQL's that finds these words, whatever their endings."""
    return r"\m(" + "|".join(word[: max(ENDING, len(word) - ENDING)] for word in words) + ")"


def may_be_misspelt(words: list[str]) -> bool:
    """Whether guessing makes sense: short words and numbers have too many neighbours."""
    return any(len(word) >= SHORTEST_GUESS and word.isalpha() for word in words)
