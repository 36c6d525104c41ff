"""The mail sink: takes every mail, delivers none, shows all of them.

Run as `python -m deploy.local.mailsink --smtp PORT --page PORT --folder FOLDER`; a process of its own, because
aiosmtpd brings threads and an event loop.
"""

import asyncio
import logging
import threading
from pathlib import Path
from urllib.request import urlopen

import click
from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.mailbox import Mailbox
from deploy.local.mailpage import serve

LARGEST = 40 * 1024 * 1024
log = logging.getLogger("mailsink")


class Catcher:
    """aiosmtpd's handler: stores first, answers 250 after."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        name = await asyncio.to_thread(
            self._mailbox.keep, (envelope.mail_from or "").strip("<>"), list(envelope.rcpt_tos), raw
        )
        log.info("mail %s for %s, %d bytes", name, ", ".join(envelope.rcpt_tos), len(raw))
        return f"250 2.0.0 kept as {name}"


def answers(port: int) -> bool:
    """Whether the sink's page is up (it starts after the SMTP side)."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@click.command()
@click.option("--smtp", type=int, required=True, help="Port for SMTP on 127.0.0.1.")
@click.option("--page", type=int, required=True, help="Port for the page and the JSON API on 127.0.0.1.")
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="Where the mails are kept.")
def main(smtp: int, page: int, folder: Path) -> None:
    """Catch every mail and show it on a page."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    mailbox = Mailbox(folder)
    loop = asyncio.new_event_loop()
    controller = UnthreadedController(
        Catcher(mailbox),
        hostname="127.0.0.1",
        port=smtp,
        loop=loop,
        data_size_limit=LARGEST,
        enable_SMTPUTF8=True,
        ident="Casework mail sink",
    )
    controller.begin()  # type: ignore[no-untyped-call]
    server = serve(mailbox, page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    log.info("smtp on 127.0.0.1:%d, page on http://127.0.0.1:%d", smtp, page)
    loop.run_forever()


if __name__ == "__main__":
    main()
