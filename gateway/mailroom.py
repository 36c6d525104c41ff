"""The mailroom: takes answers to our mails by SMTP and hands them to the notification service.

Run as ``python -m gateway.mailroom``: plain threads and asyncio, no eventlet, no gevent. It decides nothing but this:
only addresses ``reply+…@`` our domain exist here, and a mail has a size. Behind a real mail server (Postfix, a
provider) that checks SPF, DKIM and DMARC; it says 250 only when the service has stored what became of the mail.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import signal
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol
from wsgiref.simple_server import WSGIRequestHandler, make_server

import orjson
from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.chassis.actor import SYSTEM, Context
from services.chassis.ids import new_id
from services.chassis.problems import Problem
from services.chassis.settings import Common, load, setting
from services.contracts.notifications import TakeMail

LARGEST = 2_500_000
CALL_SECONDS = 10.0
log = logging.getLogger("mailroom")


@dataclass(frozen=True, kw_only=True)
class Settings(Common):
    """Where mail comes in."""

    mailroom_host: str = setting("Where the mailroom listens.", "127.0.0.1")
    mailroom_port: int = setting("The mailroom's SMTP port.", 8425)
    mail_domain: str = setting("The domain of our reply addresses.")


class Client(Protocol):
    """What we need of the RPC client."""

    @property
    def ready(self) -> bool:
        """Connected to a broker that takes messages."""

    def call(self, service: str, verb: str, data: dict[str, Any], context: Context, timeout: float = 5.0) -> Any:
        """Ask and wait; raises Problem."""


class Handler:
    """aiosmtpd's hooks."""

    def __init__(self, client: Client, mail_domain: str) -> None:
        self._client = client
        self._domain = mail_domain.lower()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's own interface
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Only reply addresses live here, and a mail is for one of them."""
        local, _, domain = address.rpartition("@")
        if domain.lower() != self._domain or not local.startswith("reply+") or len(address) > 320:
            return "550 5.1.1 No such address here"
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Hand it over; whatever passes is answered so that the sender tries again."""
        raw = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        if len(raw) > LARGEST:
            return "552 5.3.4 The mail is larger than 2.5 MB"
        loop = asyncio.get_running_loop()
        try:
            outcome = await loop.run_in_executor(
                None, self.hand_over, envelope.mail_from or "", envelope.rcpt_tos[0], raw
            )
        except Problem as problem:
            log.warning("a mail of %d bytes waits: %s", len(raw), problem.code)
            return "451 4.3.0 Not now, please try again"
        except Exception as error:  # a mail must never be lost over a mistake of ours
            log.error("a mail of %d bytes waits: %s", len(raw), type(error).__name__)
            return "451 4.3.0 Not now, please try again"
        log.info("a mail of %d bytes: %s", len(raw), outcome)
        return f"250 2.0.0 {outcome}"

    def hand_over(self, sender: str, recipient: str, raw: bytes) -> str:
        """Ask the service to take the mail; returns what became of it (one that comes twice is taken once)."""
        ask = TakeMail(sender=sender.strip("<> ")[:320], recipient=recipient, raw=base64.b64encode(raw).decode())
        context = Context(actor=SYSTEM, request_id=new_id("req"))
        reply = self._client.call("notifications", TakeMail.wire_name, ask.dump(), context, timeout=CALL_SECONDS)
        return str(reply.data["outcome"])


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *values: Any) -> None:
        """No line per probe."""


def serve_health(settings: Settings, client: Client) -> None:
    """/livez and /readyz (ready: the broker takes messages) on the health port, in a thread of its own."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        checks = {"broker": bool(client.ready)} if environ.get("PATH_INFO") == "/readyz" else {}
        known = environ.get("PATH_INFO") in ("/livez", "/readyz")
        ok = known and all(checks.values())
        line = "200 OK" if ok else "503 Service Unavailable" if known else "404 Not Found"
        start(line, [("Content-Type", "application/json")])
        return [orjson.dumps({"status": "ok" if ok else "not_ready", "checks": checks})]

    if settings.health_port:
        server = make_server(settings.health_host, settings.health_port, answer, handler_class=_Silent)
        threading.Thread(target=server.serve_forever, name="health", daemon=True).start()


async def serve(settings: Settings, client: Client) -> None:
    """Listen until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    controller = UnthreadedController(
        Handler(client, settings.mail_domain),
        hostname=settings.mailroom_host,
        port=settings.mailroom_port,
        loop=loop,
        server_kwargs={"data_size_limit": LARGEST, "enable_SMTPUTF8": True, "ident": "Casework", "timeout": 60},
    )
    controller.server_coro = controller._create_server()
    server = await controller.server_coro
    log.info("listening on %s:%d", settings.mailroom_host, settings.mailroom_port)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    await stop.wait()
    server.close()
    await server.wait_closed()


def main() -> None:
    """Run the mailroom."""
    from services.chassis.rpc import RpcClient

    settings = load(Settings)
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    client = RpcClient(settings.amqp_url, name="mailroom")
    serve_health(settings, client)
    try:
        asyncio.run(serve(settings, client))
    finally:
        client.close()


if __name__ == "__main__":
    main()
