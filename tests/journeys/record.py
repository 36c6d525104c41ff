"""The audit record in a journey: let the notes be sealed, and change rows as nobody should be able to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2

from cli.chain import Chain
from services.accounts.commands.audit import seal
from tests.journeys.cast import Person, expect
from tests.world import MemoryWorld, World


class Record:
    """A team's record as one of its readers sees it."""

    def __init__(self, world: World, team_id: str, reader: Person) -> None:
        self.world, self.team_id, self.reader = world, team_id, reader
        self._minutes = 0

    @property
    def path(self) -> str:
        """Where it is read."""
        return f"/v1/teams/{self.team_id}/audit"

    def seal(self) -> None:
        """The timer's work; over the broker the real timer does it."""
        if isinstance(self.world, MemoryWorld):
            self.world.settle()
            with self.world.client.works["accounts"].writing() as uow:
                seal(uow)

    def mark(self) -> None:
        """The timer's work, each time ten minutes later: what has grown gets its checkpoint."""
        assert isinstance(self.world, MemoryWorld)
        self._minutes += 10
        self.seal()
        with self.world.at(datetime.now(UTC) + timedelta(minutes=self._minutes)):
            self.seal()

    def check(self) -> Chain:
        """The chain as the command line's verifier reads it."""
        marks = expect(self.reader.get(f"{self.path}/checkpoints"), 200)
        chain = Chain(self.team_id, marks["keys"])
        chain.know(marks["data"])
        for entry in expect(self.reader.get(f"{self.path}?order=oldest&limit=1000"), 200)["data"]:
            chain.take(entry)
        chain.finish()
        return chain

    def find(self, action: str, **filters: Any) -> list[dict[str, Any]]:
        """The entries of this action, newest first; waits until there is one."""
        asked = "".join(f"&{name}={value}" for name, value in filters.items())

        def found() -> list[dict[str, Any]]:
            self.seal()
            return list(expect(self.reader.get(f"{self.path}?action={action}{asked}"), 200)["data"])

        return list(self.world.settle(found))

    def tamper(self, statement: str) -> None:
        """Run a statement on the database of accounts as its superuser, with every trigger asleep."""
        with psycopg2.connect(self._dsn()) as db, db.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(statement)
        db.close()

    def attempt(self, statement: str) -> str:
        """The same as the service itself could do it; what the database answered."""
        with psycopg2.connect(self._dsn()) as db, db.cursor() as cursor:
            try:
                cursor.execute(statement)
            except psycopg2.Error as error:
                return str(error)
        return ""

    def _dsn(self) -> str:
        if isinstance(self.world, MemoryWorld):
            database = self.world.client.works["accounts"].engine.url.database or ""
        else:
            url = self.world.processes["accounts"].environment["CASEWORK_DATABASE_URL"]  # type: ignore[attr-defined]
            database = url.rpartition("/")[2]
        return self.world.stack.admin_dsn().rpartition("/")[0] + f"/{database}"
