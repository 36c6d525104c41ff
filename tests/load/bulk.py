"""Many cases at once, straight into the tables of cases: what a team looks like after years.

The shape is that of a real desk, and always the same for the same numbers (a fixed seed):

- organizations by size as Zipf has it: of 1,000, the largest has an eighth of the cases, half of them have a handful;
- texts of 20 to 80 words from a vocabulary of 20,000, again by Zipf: some words stand in most cases, most in few;
- arrived evenly over two years; all but one in twenty of those older than a month are closed;
- 0 to 6 comments each, two on average; one in eight internal;
- nine in ten assigned cases spread over 20 desks, an eighth of the open ones without anybody.

``load`` grows a team: from 10,000 to 100,000 to 1,000,000 in the same database.
"""

from __future__ import annotations

import io
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from services.cases.commands.finding import index_cases
from services.chassis.actor import SYSTEM, Context
from services.chassis.ids import new_id
from services.chassis.unit_of_work import Work

VOCABULARY, POOL, CHUNK, INDEXED_AT_ONCE = 20_000, 400_000, 10_000, 500
DESKS, PRIORITIES = 20, 4
_SYLLABLES = [first + last for first in "bdfgklmnprstv" for last in "aeiou"]
_CASE = (
    "id", "team_id", "number", "organization_id", "title", "description", "type", "priority", "product", "fields",
    "status", "visibility", "charge", "level", "created_by", "created_by_name", "contact_id", "contact_name",
    "owner_id", "owner_name", "assignee_id", "assignee_name", "confirmation", "closed_at", "created_at", "updated_at",
    "version", "priority_rank",
)  # fmt: skip
_COMMENT = ("id", "case_id", "author_id", "author_name", "side", "body", "visibility", "channel", "created_at")
Show = Callable[[int, int], None]  # how many of how many


def vocabulary() -> list[str]:
    """Words that can be said, the commonest first; the same ones every time."""
    made = ("".join(parts) for size in (2, 3, 4) for parts in itertools.product(_SYLLABLES, repeat=size))
    return list(itertools.islice(made, VOCABULARY))


@dataclass
class Team:
    """Whose cases they are. ``home`` and ``customer`` are real: somebody who can ask for them over HTTP."""

    id: str
    home: str
    customer: str
    agent: str
    type: str
    priority: str | None
    product: str | None
    organizations: list[str] = field(default_factory=list)


class Bulk:
    """Makes rows and copies them in."""

    def __init__(
        self, work: Work, team: Team, *, organizations: int = 1_000, words: tuple[int, int] = (20, 80)
    ) -> None:
        self.work, self.team, self.words = work, team, words
        self.chance = random.Random(4)
        weights = [1 / place for place in range(1, VOCABULARY + 1)]
        self.pool = self.chance.choices(vocabulary(), weights=weights, k=POOL)
        team.organizations = [team.home, *(new_id("org") for _ in range(organizations - 1))]
        self.sizes = list(itertools.accumulate(1 / place for place in range(1, organizations + 1)))
        self.desks = [team.agent, *(new_id("user") for _ in range(DESKS - 1))]
        self.now = datetime.now(UTC)
        self.made = 0

    def load(self, total: int, show: Show = lambda done, total: None) -> None:
        """Grow to this many cases, known to search; statistics are fresh afterwards."""
        while self.made < total:
            count = min(CHUNK, total - self.made)
            self._copy(count)
            while self._unknown():
                with self.work.writing(Context(actor=SYSTEM, request_id="bulk")) as uow:
                    index_cases(uow, INDEXED_AT_ONCE)
            show(self.made, total)
        with self.work.engine.connect() as db:
            db.exec_driver_sql("VACUUM ANALYZE cases, comments, documents, words")

    def _unknown(self) -> bool:
        """Whether search has still to hear of some; a service that runs meanwhile helps."""
        with self.work.engine.connect() as db:
            asked = "SELECT EXISTS (SELECT FROM cases WHERE indexed_version <> version)"
            return bool(db.exec_driver_sql(asked).scalar())

    def _copy(self, count: int) -> None:
        cases: list[tuple[Any, ...]] = []
        comments: list[tuple[Any, ...]] = []
        for _ in range(count):
            self.made += 1
            row = self._case(self.made)
            cases.append(tuple(row[name] for name in _CASE))
            comments += self._comments(row)
        connection: Any = self.work.engine.raw_connection()
        try:
            with connection.cursor() as cursor:
                _copy(cursor, "cases", _CASE, cases)
                _copy(cursor, "comments", _COMMENT, comments)
            connection.commit()
        finally:
            connection.close()

    def _text(self, count: int) -> str:
        start = self.chance.randrange(POOL - count)
        return " ".join(self.pool[start : start + count])

    def _case(self, place: int) -> dict[str, Any]:
        chance, team = self.chance, self.team
        arrived = self.now - timedelta(days=730) * chance.random()
        changed = min(arrived + timedelta(hours=chance.expovariate(1 / 60)), self.now)
        old = self.now - arrived > timedelta(days=30)
        closed = chance.random() < (0.95 if old else 0.4)
        home = chance.choices(team.organizations, cum_weights=self.sizes)[0]
        person = team.customer if home == team.home and chance.random() < 0.02 else f"user_of_{home[-20:]}"
        desk = chance.choice(self.desks) if closed or chance.random() < 0.875 else None
        rank = chance.randrange(PRIORITIES)
        return {
            "id": new_id("case"), "team_id": team.id, "number": f"BULK-{place:06d}", "organization_id": home,
            "title": self._text(chance.randint(3, 8)), "description": self._text(chance.randint(*self.words)),
            "type": team.type, "priority": team.priority, "product": team.product, "fields": "{}",
            "status": "closed" if closed else chance.choice(["new", "open", "open", "waiting_customer", "answered"]),
            "visibility": "organization", "charge": "included", "level": 1, "created_by": person,
            "created_by_name": "Ada Lind", "contact_id": person, "contact_name": "Ada Lind", "owner_id": person,
            "owner_name": "Ada Lind", "assignee_id": desk, "assignee_name": desk and "Bo Ek", "confirmation": "none",
            "closed_at": changed if closed else None, "created_at": arrived, "updated_at": changed, "version": 1,
            "priority_rank": rank,
        }  # fmt: skip

    def _comments(self, case: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
        span = case["updated_at"] - case["created_at"]
        count = self.chance.choice((0, 0, 1, 1, 2, 3, 3, 6))
        for place in range(count):
            support = place % 2 == 0
            visibility = "internal" if support and self.chance.random() < 0.25 else "public"
            author, side = (self.desks[0], "support") if support else (case["contact_id"], "customer")
            said_at = case["created_at"] + span * (place + 1) / count
            body = self._text(self.chance.randint(*self.words))
            yield (new_id("cmt"), case["id"], author, "Bo Ek", side, body, visibility, "portal", said_at)


def _copy(cursor: Any, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """COPY in its text form; the texts here have nothing that would need escaping."""
    lines = "".join("\t".join("\\N" if value is None else str(value) for value in row) + "\n" for row in rows)
    cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", io.StringIO(lines))
