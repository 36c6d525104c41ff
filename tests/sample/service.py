"""The sample service: the chassis' guarantees are proved on it, on the real broker and database."""

from dataclasses import dataclass

from sqlalchemy import func, insert, select, text

from services.chassis.entrypoints import event, rpc
from services.chassis.settings import ServiceSettings
from services.chassis.unit_of_work import UnitOfWork
from tests.sample import words as w
from tests.sample.tables import effects, strict, things

tried: set[str] = set()


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """Nothing of its own."""


def add_thing(uow: UnitOfWork, ask: w.AddThing) -> w.ThingView:
    uow.run(insert(things), {"thing_id": ask.thing_id})
    uow.record(w.ThingAdded(thing_id=ask.thing_id, trouble=ask.trouble))
    if ask.trouble == "raise":
        raise RuntimeError("asked to fail")
    if ask.trouble == "commit":
        uow.run(insert(strict), {"owner": -1})  # the deferred foreign key fails only at the commit
    if ask.trouble == "slow":
        uow.run(text("SELECT pg_sleep(1)"))
    count = uow.all(select(func.count()).select_from(things).where(things.c.thing_id == ask.thing_id))[0][0]
    return w.ThingView(id=ask.thing_id, count=count)


def read_echo(uow: UnitOfWork, ask: w.ReadEcho) -> w.EchoView:
    if ask.sleep_seconds:
        uow.all(text("SELECT pg_sleep(:seconds)"), {"seconds": ask.sleep_seconds})
    return w.EchoView(text=ask.text)


def apply_thing(uow: UnitOfWork, happened: w.ThingAdded) -> None:
    uow.run(insert(effects), {"thing_id": happened.thing_id})
    if happened.trouble == "fail" or (happened.trouble == "once" and happened.thing_id not in tried):
        tried.add(happened.thing_id)
        raise RuntimeError("asked to fail")


class Service:
    """One request that writes, one that reads, one event it hears itself."""

    name = "sample"
    settings = Settings
    add_thing = rpc(w.AddThing, add_thing)
    read_echo = rpc(w.ReadEcho, read_echo)
    apply_thing = event("sample", w.ThingAdded, apply_thing)
