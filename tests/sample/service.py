"""The sample service: the chassis' guarantees are proved on it, on the real broker and database."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from services.chassis.actor import Context
from services.chassis.entrypoints import errand, event, rpc, timer
from services.chassis.settings import ServiceSettings, setting
from services.chassis.unit_of_work import Answer, UnitOfWork, Work
from tests.sample import words as w
from tests.sample.tables import effects, strict, things

TICK = text("INSERT INTO ticks (pid, began_at, ended_at) VALUES (:pid, clock_timestamp(), 'infinity') RETURNING id")
TOCK = text("UPDATE ticks SET ended_at = clock_timestamp() WHERE id = :id")
LEASE = text(
    "UPDATE parcels SET leased_until = clock_timestamp() + interval '1 second' WHERE id IN (SELECT id FROM parcels"
    " WHERE outcome IS NULL AND (leased_until IS NULL OR leased_until < clock_timestamp())"
    " ORDER BY id LIMIT 5 FOR UPDATE SKIP LOCKED) RETURNING id, trouble"
)
FINISH = text("UPDATE parcels SET outcome = :outcome WHERE id = :id")


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """What the tests switch on."""

    ticking: bool = setting("The timer does its rounds.", False)
    outside: str = setting("The outside world: a file to which every carried parcel adds a line.", "")


on: dict[str, Any] = {"ticking": False, "outside": ""}


def add_thing(uow: UnitOfWork, ask: w.AddThing | w.HideThing) -> w.ThingView:
    uow.run(insert(things), {"thing_id": ask.thing_id})
    if ask.trouble == "swallow":  # a failed statement passed over: the database can only roll back now
        with suppress(DBAPIError):
            uow.run(text("SELECT 1 / 0"))
        return w.ThingView(id=ask.thing_id)
    uow.record(w.ThingAdded(thing_id=ask.thing_id, trouble=ask.trouble))
    if ask.trouble == "raise":
        raise RuntimeError("asked to fail")
    if ask.trouble == "commit":
        uow.run(insert(strict), {"owner": -1})  # the deferred foreign key fails only at the commit
    if ask.sleep_seconds:
        uow.run(text("SELECT pg_sleep(:seconds)"), {"seconds": ask.sleep_seconds})
    count = uow.all(select(func.count()).select_from(things).where(things.c.thing_id == ask.thing_id))[0][0]
    return w.ThingView(id=ask.thing_id, count=count)


def read_echo(uow: UnitOfWork, ask: w.ReadEcho) -> w.EchoView:
    if ask.sleep_seconds:
        uow.all(text("SELECT pg_sleep(:seconds)"), {"seconds": ask.sleep_seconds})
    if ask.seen:
        uow.record(w.ThingAdded(thing_id=ask.seen))
    if ask.trouble == "raise":
        raise RuntimeError("asked to fail")
    return w.EchoView(text=ask.text)


def read_limits(uow: UnitOfWork, ask: w.ReadLimits) -> w.LimitsView:
    uow.all(text("SELECT pg_sleep(:seconds)"), {"seconds": ask.sleep_seconds})
    limits = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    shown = {name: str(uow.all(text(f"SHOW {name}"))[0][0]) for name in limits}
    return w.LimitsView(backend=uow.all(text("SELECT pg_backend_pid()"))[0][0], **shown)


def apply_thing(uow: UnitOfWork, happened: w.ThingAdded) -> None:
    uow.run(insert(effects), {"thing_id": happened.thing_id})
    opened = select(things.c.id).where(things.c.thing_id == f"open {happened.thing_id}")
    if happened.trouble == "fail" or (happened.trouble == "gate" and not uow.all(opened)):
        raise RuntimeError(f"asked to fail: {happened.thing_id}")


def tick(uow: UnitOfWork) -> None:
    if on["ticking"]:
        row = uow.all(TICK, {"pid": os.getpid()})[0]
        uow.run(text("SELECT pg_sleep(0.15)"))
        uow.run(TOCK, {"id": row.id})


def take_parcels(uow: UnitOfWork) -> list[Any]:
    return uow.all(LEASE) if on["outside"] else []


def carry_parcel(parcel: Any) -> str:
    seen = Path(on["outside"])
    first = f"{parcel.id}\n" not in seen.read_text()
    with seen.open("a") as out:
        out.write(f"{parcel.id}\n")
    if parcel.trouble == "crash" and first:
        os.kill(os.getpid(), signal.SIGKILL)
    if parcel.trouble == "raise":
        raise RuntimeError("the outside world says no")
    return "carried"


def finish_parcel(uow: UnitOfWork, parcel: Any, outcome: Any) -> None:
    uow.run(FINISH, {"id": parcel.id, "outcome": str(outcome)})


def dying(once: Callable[..., Answer]) -> Callable[..., Answer]:
    """``Work.once`` that ends the process between commit and reply when the context asks for it."""

    def do(context: Context, fingerprint: bytes, run: Callable[[UnitOfWork], bytes]) -> Answer:
        answer = once(context, fingerprint, run)
        if context.more.get("die") and not answer.replayed:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return do


class Service:
    """Two requests that write, two that read, one event it hears itself, one timer, one errand."""

    name = "sample"
    settings = Settings
    hide_thing = rpc(w.HideThing, add_thing, keyed=False)
    add_thing = rpc(w.AddThing, add_thing)
    read_echo = rpc(w.ReadEcho, read_echo)
    read_limits = rpc(w.ReadLimits, read_limits)
    apply_thing = event("sample", w.ThingAdded, apply_thing)
    tick = timer(seconds=0.1, do=tick)
    carry = errand(seconds=0.2, take=take_parcels, run=carry_parcel, finish=finish_parcel)

    @staticmethod
    def prepare(work: Work, settings: Settings) -> None:
        """Called by the runner before anything is served."""
        on.update(ticking=settings.ticking, outside=settings.outside)
        work.once = dying(work.once)  # type: ignore[method-assign]
