"""The mail sink as a server of the stack."""

import os
import sys

from deploy.local import mailsink
from deploy.local.home import CHECKOUT
from deploy.local.process import Command
from deploy.local.server import Progress, Server


class MailSink(Server):
    """Starts `deploy.local.mailsink`."""

    name = "mailsink"

    def listens(self) -> list[tuple[int, str]]:
        return [(self.ports.smtp_sink, "the mail sink (SMTP)"), (self.ports.mail_page, "the mail page")]

    def prepare(self, progress: Progress) -> None:
        (self.home.path / "mail").mkdir(mode=0o700, exist_ok=True)

    def command(self) -> Command:
        argv = (
            sys.executable,
            "-m",
            "deploy.local.mailsink",
            "--smtp",
            str(self.ports.smtp_sink),
            "--page",
            str(self.ports.mail_page),
            "--folder",
            str(self.home.path / "mail"),
        )
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONUNBUFFERED": "1",
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join([str(CHECKOUT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        }
        return Command(self.name, argv, environment, grace=3.0)

    def probe(self) -> bool:
        return mailsink.answers(self.ports.mail_page)
