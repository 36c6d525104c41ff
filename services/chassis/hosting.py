"""Puts a service's lines on nameko: RPC lines in one container, events, timers, errands and the relay in another.

Two containers because nameko's worker pool is shared by everything in a container: a backlog of events must never delay
a request.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from typing import Any

import eventlet
import eventlet.event
import structlog
from nameko.containers import ServiceContainer
from nameko.extensions import Entrypoint
from sqlalchemy import text

from services.chassis.actor import Context
from services.chassis.consumers import UNEXPECTED, EventConsumer, EventEntrypoint, RpcConsumer, RpcEntrypoint
from services.chassis.entrypoints import ErrandLine, EventLine, RpcLine, TimerLine, lines_of
from services.chassis.host import Host
from services.chassis.outbox import Relay
from services.chassis.problems import Problem, Unavailable
from services.chassis.unit_of_work import Answer, Work, forget_keys

log = structlog.get_logger("host")
_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(7274003, :number)")
LAST_ROUND_SECONDS = 5


def containers(host: Host, role: str, workers: int) -> list[ServiceContainer]:
    """The nameko containers of a role: ``rpc``, ``worker`` or ``all`` (both, in one process)."""
    config = {"max_workers": workers}
    made = []
    if role in ("rpc", "all"):
        made.append(ServiceContainer(_rpc_class(host), config))
    if role in ("worker", "all"):
        made.append(ServiceContainer(_worker_class(host), config))
    return made


def _rpc_class(host: Host) -> type:
    consumer = RpcConsumer(host)
    members: dict[str, Any] = {"name": host.name}
    for name, line in lines_of(host.service).items():
        if isinstance(line, RpcLine):
            members[name] = _entry(_answering(line, host.work), RpcEntrypoint(line, consumer))
    return type(f"{host.name.title()}Rpc", (), members)


def _worker_class(host: Host) -> type:
    consumer = EventConsumer(host)
    members: dict[str, Any] = {"name": f"{host.name}-worker"}
    for name, line in lines_of(host.service).items():
        if isinstance(line, EventLine):
            members[name] = _entry(_applying(line, host.work), EventEntrypoint(line, consumer))
        elif isinstance(line, TimerLine | ErrandLine):
            members[name] = _entry(lambda service: None, Rounds(name, line, host))
    members["relay"] = _entry(lambda service: None, RelayThread(host))
    forgetting = TimerLine(300, forget_keys)
    members["forget_old_keys"] = _entry(lambda service: None, Rounds("forget_old_keys", forgetting, host))
    return type(f"{host.name.title()}Worker", (), members)


def _entry(method: Callable[..., Any], entrypoint: Entrypoint) -> Callable[..., Any]:
    method.nameko_entrypoints = {entrypoint}  # type: ignore[attr-defined]  # where nameko's decorator puts them
    return method


def _answering(line: RpcLine, work: Work) -> Callable[..., Answer | Problem]:
    def answer(service: Any, context: Context, data: dict[str, Any]) -> Answer | Problem:
        try:
            return line.answer(work, context, data)
        except Problem as problem:
            if problem.status >= 500:
                log.warning("refused", verb=line.verb, code=problem.code, request_id=context.request_id)
            return problem
        except Exception:
            log.exception("a request failed", verb=line.verb, request_id=context.request_id, trace=context.trace)
            return UNEXPECTED

    return answer


def _applying(line: EventLine, work: Work) -> Callable[..., bool | Exception]:
    def apply(service: Any, told: dict[str, Any]) -> bool | Exception:
        try:
            return line.apply(work, told)
        except Problem as problem:
            return problem
        except Exception as error:
            log.exception("an event failed", type=told.get("type"), event_id=told.get("id"))
            return error

    return apply


class Rounds(Entrypoint):
    """A timer or an errand: a managed thread that goes its rounds and survives every failure."""

    def __init__(self, name: str, line: TimerLine | ErrandLine, host: Host) -> None:
        super().__init__()
        self.name, self.line, self.host = name, line, host
        self._stopping = False
        self._bell = eventlet.event.Event()  # rung at the stop, so that a resting thread need not be killed

    def start(self) -> None:
        self._thread = self.container.spawn_managed_thread(self._run, identifier=self.name)

    def stop(self) -> None:
        """Finish what is in hand: a timer's round, an errand's item."""
        if not self._stopping:
            self._stopping = True
            self._bell.send()
        with eventlet.Timeout(LAST_ROUND_SECONDS, False):
            self._thread.wait()

    def _run(self) -> None:
        while not self._stopping:
            began, carried = time.monotonic(), 0
            try:
                carried = self._round()
            except Unavailable as problem:
                log.warning("a round was put off", round=self.name, code=problem.code)
            except Exception:
                log.exception("a round failed", round=self.name)
            if not carried and not self._stopping:
                self._rest(max(0.05, self.line.seconds - (time.monotonic() - began)))

    def _rest(self, seconds: float) -> None:
        with eventlet.Timeout(seconds, False):
            self._bell.wait()

    def _round(self) -> int:
        """Returns how much it carried; after nothing there is a rest."""
        if isinstance(self.line, ErrandLine):
            return self.line.once(self.host.work, lambda: self._stopping)
        number = zlib.crc32(self.name.encode()) & 0x7FFFFFFF
        with self.host.work.writing() as unit:
            if unit.all(_TRY_LOCK, {"number": number})[0][0]:
                return int(bool(self.line.do(unit)))
        return 0


class RelayThread(Entrypoint):
    """The outbox relay of this process; idle while another instance relays."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self.host = host

    def setup(self) -> None:
        self.relay = Relay(self.host.database_url, self.host.amqp_url, service=self.host.name)

    def start(self) -> None:
        self._thread = self.container.spawn_managed_thread(self.relay.run, identifier="relay")

    def stop(self) -> None:
        self.relay.stopping = True
        with eventlet.Timeout(LAST_ROUND_SECONDS, False):
            self._thread.wait()
        self.relay.close()
