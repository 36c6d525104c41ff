"""The launcher's parts that need no server."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from deploy.local import broker_package, programs, status
from deploy.local.home import CHECKOUT, Account, Home, SetupError, reachable
from deploy.local.launcher import Launcher, Program
from deploy.local.logs import Follower
from deploy.local.mailbox import KEPT, Mailbox
from deploy.local.ports import EPHEMERAL, Ports, PortTakenError, require_free
from deploy.local.process import Child, Command, Identity, record_path, started_at, sweep, wait_until
from deploy.local.rabbitmq import permissions
from deploy.local.secrets import Secrets
from deploy.local.stack import Stack
from deploy.local.welcome import text

ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT)}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "state").ensure()


def sleeper(name: str, code: str = "import time; time.sleep(60)") -> Command:
    return Command(name, (sys.executable, "-c", code), ENVIRONMENT, grace=5.0)


class Notes:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.ready: list[str] = []
        self.restarts: list[str] = []

    def step(self, name: str, text: str) -> None:
        return

    def done(self, name: str, text: str) -> None:
        self.ready.append(name)

    def process(self, name: str, pid: int, *, restarted: bool) -> None:
        if restarted:
            self.restarts.append(name)


class TestPorts:
    def test_no_two_programs_share_a_port(self) -> None:
        ports = Ports(9400)
        fixed = [ports.gateway, ports.s3, ports.mail_page, ports.smtp_sink, ports.mailroom, ports.postgres]
        fixed += [ports.rabbitmq, ports.rabbitmq_distribution, ports.epmd, *map(ports.seaweedfs, range(10))]
        fixed += [ports.health(name, index) for name in programs.PROGRAMS for index in range(10)]
        assert len(set(fixed)) == len(fixed)
        assert max(fixed) < Ports(EPHEMERAL - 160).base

    @pytest.mark.parametrize("base", [80, EPHEMERAL, 99999])
    def test_a_base_outside_the_safe_range_is_refused(self, base: int) -> None:
        with pytest.raises(SetupError, match="CASEWORK_PORT_BASE"):
            Ports(base)

    def test_a_taken_port_is_named_with_its_purpose_and_the_way_out(self) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            with pytest.raises(PortTakenError, match=rf"{port}.*the API.*CASEWORK_PORT_BASE=9400 make run"):
                require_free([(port, "the API")], 8400)

    def test_a_word_is_no_base(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CASEWORK_PORT_BASE", "many")
        with pytest.raises(SetupError, match="must be a number"):
            Ports.from_environment()


class TestSecrets:
    def test_they_are_made_once_and_only_the_owner_reads_them(self, home: Home) -> None:
        assert Secrets.of(home) == Secrets.of(home)
        assert home.secrets.stat().st_mode & 0o777 == 0o600

    def test_two_stacks_share_none(self, tmp_path: Path) -> None:
        first, second = (Secrets.of(Home(tmp_path / name).ensure()) for name in ("a", "b"))
        assert first.secret_key != second.secret_key
        assert not set(first.broker.values()) & set(second.broker.values())

    def test_a_new_service_gets_its_password_and_the_old_ones_stay(self, home: Home) -> None:
        before = Secrets.of(home)
        stored = json.loads(home.secrets.read_text())
        del stored["broker"]["cases"]
        home.secrets.write_text(json.dumps(stored))
        after = Secrets.of(home)
        assert after.broker["cases"] != before.broker["cases"]
        assert after.broker["files"] == before.broker["files"]


class TestPermissions:
    def rights(self, user: str) -> dict[str, str]:
        return next(entry for entry in permissions("v")["permissions"] if entry["user"] == user)

    def test_a_service_writes_only_what_is_its_own(self) -> None:
        write = self.rights("cases")["write"]
        for name in ("nameko-rpc", "cases.events", "rpc-cases", "events-cases.retry.1", "parked-cases"):
            assert re.search(write, name)
        for name in ("accounts.events", "rpc-accounts", "parked-files", "live.1", "amq.default"):
            assert not re.search(write, name)

    def test_a_client_cannot_pretend_to_be_a_service(self) -> None:
        assert not re.search(self.rights("gateway")["write"], "cases.events")
        topic = next(entry for entry in permissions("v")["topic_permissions"] if entry["user"] == "mailroom")
        assert re.search(topic["write"], "cases.open_case")
        assert not re.search(topic["write"], "reply.1")


class TestEnvironment:
    def test_a_program_gets_its_own_secrets_only(self, home: Home) -> None:
        stack = Stack(home.path, Ports(9400))
        for name in programs.PROGRAMS:
            own = json.dumps(stack.environment(name))
            for other in programs.PROGRAMS:
                if other != name:
                    assert stack.secrets.broker[other] not in own
            assert (stack.secrets.s3_secret_key in own) == (name == "files")
            assert (stack.secrets.operator_password in own) == (name == "accounts")

    def test_the_shell_cannot_change_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CASEWORK_SMTP_URL", "smtp://elsewhere")
        assert "CASEWORK_SMTP_URL" not in programs.with_shell({})

    def test_scale_is_read_per_service(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SCALE_CASES", "3")
        assert (programs.instances("cases"), programs.instances("files")) == (3, 1)
        monkeypatch.setenv("SCALE_CASES", "0")
        with pytest.raises(SetupError, match="SCALE_CASES"):
            programs.instances("cases")


class TestProcesses:
    def test_a_stopped_child_leaves_no_record(self, home: Home) -> None:
        child = Child.spawn(sleeper("one"), home)
        assert child.alive()
        assert record_path(home, "one").exists()
        child.stop()
        assert not child.alive()
        assert not record_path(home, "one").exists()

    def test_a_grandchild_goes_with_its_group(self, home: Home) -> None:
        code = "import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
        child = Child.spawn(sleeper("parent", code), home)
        log = home.log / "parent.log"
        assert wait_until(lambda: log.read_text().strip() != "", 5)
        grandchild = Identity.of(int(log.read_text()))
        assert grandchild.alive()
        child.bury()
        assert wait_until(lambda: not grandchild.alive(), 5)

    def test_what_a_killed_owner_left_is_swept(self, home: Home) -> None:
        code = (
            "import os, signal; from pathlib import Path; from deploy.local.home import Home; "
            "from deploy.local.process import Child, Command; "
            "command = Command('left', ('sleep', '60'), orphan_signal=signal.SIGCONT); "
            f"child = Child.spawn(command, Home(Path({str(home.path)!r}))); "
            "print(child.pid, flush=True); os.kill(os.getpid(), 9)"
        )
        owner = Child.spawn(sleeper("owner", code), home)
        log = home.log / "owner.log"
        assert wait_until(lambda: not owner.alive(), 5)
        left = Identity.of(int(log.read_text()))
        assert left.alive()
        assert sweep(home) == ["left"]
        assert not left.alive()
        owner.bury()

    def test_a_reused_number_is_another_process(self) -> None:
        started = started_at(os.getpid())
        assert started is not None
        assert Identity(os.getpid(), started).alive()
        assert not Identity(os.getpid(), started - 1).alive()


class TestLauncher:
    def run(self, wanted: list[Program]) -> Notes:
        notes = Notes()

        async def main() -> None:
            launcher = Launcher(wanted, notes, lambda name: None)
            launcher.catch_signals(lambda: None)

            async def enough() -> None:
                os.kill(os.getpid(), signal.SIGTERM)

            await asyncio.wait_for(launcher.run(enough), 20)

        asyncio.run(main())
        return notes

    def program(self, home: Home, name: str, after: tuple[str, ...] = (), code: str = "") -> Program:
        command = sleeper(name, code or "import time; time.sleep(60)")

        async def ready() -> bool:
            return not code or (home.path / f"{name}.ready").exists()

        return Program(name, lambda: Child.spawn(command, home), ready, after)

    def test_programs_start_in_order_and_all_end(self, home: Home) -> None:
        notes = self.run([self.program(home, "late", ("early",)), self.program(home, "early")])
        assert notes.ready == ["early", "late"]
        assert status.servers_alive(home) == []

    def test_a_crashed_program_is_started_again(self, home: Home) -> None:
        first, ready = home.path / "first", home.path / "frail.ready"
        code = (
            f"import pathlib, sys, time; first = pathlib.Path({str(first)!r})\n"
            "if not first.exists(): first.touch(); sys.exit(3)\n"
            f"pathlib.Path({str(ready)!r}).touch(); time.sleep(60)"
        )
        notes = self.run([self.program(home, "frail", code=code)])
        assert notes.restarts == ["frail"]
        assert notes.ready == ["frail"]

    def test_only_one_launcher_per_state_folder(self, home: Home) -> None:
        with (
            status.only_launcher(home),
            pytest.raises(SetupError, match="already running"),
            status.only_launcher(home),
        ):
            pass


class TestLogs:
    def test_lines_come_whole_and_with_their_name(self, home: Home) -> None:
        follower = Follower(home.log)
        log = home.log / "cases.log"
        log.write_text("one\ntw")
        assert follower.poll() == [("cases", "one")]
        with log.open("a") as file:
            file.write("o\n")
        assert follower.poll() == [("cases", "two")]
        log.write_text("x\n")  # cut by the launcher
        assert follower.poll() == [("cases", "x")]

    def test_a_name_includes_its_instances_and_no_namesake(self, home: Home) -> None:
        for name in ("cases", "cases.2", "casework"):
            (home.log / f"{name}.log").write_text("line\n")
        found = Follower(home.log, "cases", from_start=True).poll()
        assert sorted(name for name, _ in found) == ["cases", "cases.2"]


class TestMailbox:
    def mail(self, subject: str = "Hallå") -> bytes:
        message = EmailMessage()
        message["Subject"] = subject
        message["Message-ID"] = "<1@casework.test>"
        message.set_content("räksmörgås")
        message.add_alternative("<b>hi</b>", subtype="html")
        message.add_attachment(b"123", maintype="application", subtype="pdf", filename="å.pdf")
        return message.as_bytes()

    def test_a_mail_is_found_by_its_envelope(self, tmp_path: Path) -> None:
        box = Mailbox(tmp_path)
        box.keep("a@x.test", ["Kim@x.test"], self.mail())
        (mail,) = box.all("kim@X.test")
        assert box.all("kim") == []
        summary = mail.summary()
        assert (summary["subject"], summary["message_id"]) == ("Hallå", "<1@casework.test>")
        assert "räksmörgås" in mail.text
        assert [(item.file_name, item.body) for item in mail.attachments()] == [("å.pdf", b"123")]

    def test_it_survives_a_restart_and_keeps_the_newest(self, tmp_path: Path) -> None:
        box = Mailbox(tmp_path)
        for number in range(KEPT + 5):
            box.keep("", ["kim@x.test"], b"Subject: %d\r\n\r\nx" % number)
        again = Mailbox(tmp_path).all()
        assert len(again) == KEPT
        assert again[-1].header("subject") == str(KEPT + 4)

    @pytest.mark.parametrize(
        "raw", [b"", b"\xff\xfe", b"Content-Type: text/plain; charset=none\r\n\r\n\xff", b"Subject: =?x?\r\n\r\n"]
    )
    def test_a_broken_mail_is_shown_anyway(self, tmp_path: Path, raw: bytes) -> None:
        box = Mailbox(tmp_path)
        box.keep("", ["kim@x.test"], raw)
        assert len([mail.summary() for mail in box.all()]) == 1


def test_freshly_installed_packages_do_not_start_services(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    with broker_package.services_denied(policy):
        assert policy.read_text().endswith("exit 101\n")
    assert not policy.exists()
    policy.write_text("mine")
    with broker_package.services_denied(policy):
        assert policy.read_text() == "mine"
    assert policy.read_text() == "mine"


def test_a_closed_folder_above_is_noticed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert not reachable(closed / "data", Account("stranger", 54321, 54321))
    assert reachable(closed / "data", None)


def test_the_welcome_shows_where_to_go(home: Home) -> None:
    stack = Stack(home.path, Ports(9400))
    assert "http://127.0.0.1:9400/docs" in text(stack)
    login = {"team": "acme", "user_name": "kim", "password": "word", "role": "agent"}
    (home.path / "demo-logins.json").write_text(json.dumps([login]))
    assert "kim" in text(stack)


def test_an_unready_condition_gives_up_in_time() -> None:
    began = time.monotonic()
    assert not wait_until(lambda: False, 0.2)
    assert time.monotonic() - began < 2
