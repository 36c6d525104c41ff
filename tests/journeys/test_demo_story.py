"""The demo, played for real: twice in a row on one stack, and once with the cases service killed in the middle."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.demo import media
from deploy.demo.failure import Failure, must
from deploy.demo.mail import squeezed
from deploy.local import status
from deploy.local.home import CHECKOUT, Home
from deploy.local.ports import Ports
from deploy.local.programs import demo_environment, with_shell
from deploy.local.stack import Stack

PORT_BASE = int(os.environ.get("CASEWORK_DEMO_TEST_PORT_BASE", "10600"))
DEMO_SECONDS = 240
KEYS = ["cases", "comments", "files", "refused", "mails", "events", "seconds"]
# What the five stories hold: the same at every run, whatever happens in between.
TOLD = {"cases": 5, "comments": 25, "files": 17, "refused": 27, "mails": 49}


@dataclass(frozen=True)
class Played:
    """One finished run."""

    code: int
    out: str
    story: str

    @property
    def counted(self) -> dict[str, float]:
        """The one line on stdout."""
        lines = self.out.splitlines()
        assert len(lines) == 1, self.out
        found: dict[str, float] = json.loads(lines[0])
        return found


@pytest.fixture(scope="module")
def system() -> Iterator[Stack]:
    """A whole system of this module's own, started by `deploy.local up` as a person would."""
    home = Path(tempfile.mkdtemp(prefix="casework-demo-"))
    home.chmod(0o711)
    _local(home, "up", "--no-demo")
    try:
        yield Stack(home, Ports(PORT_BASE))
    finally:
        _local(home, "down")
        shutil.rmtree(home, ignore_errors=True)


def _local(home: Path, *words: str) -> None:
    environment = with_shell({"CASEWORK_HOME": str(home), "CASEWORK_PORT_BASE": str(PORT_BASE)})
    subprocess.run(
        [sys.executable, "-m", "deploy.local", *words], cwd=CHECKOUT, env=environment, check=True, timeout=300
    )


def _start(system: Stack, **more: str) -> subprocess.Popen[str]:
    environment = with_shell({**demo_environment(system), **more})
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.demo"], cwd=CHECKOUT, env=environment, stdout=pipe, stderr=pipe, text=True
    )


def _end(demo: subprocess.Popen[str], told: str = "") -> Played:
    out, story = demo.communicate(timeout=DEMO_SECONDS)
    return Played(demo.returncode, out, told + story)


def _kill_cases(system: Stack) -> None:
    running = status.running(Home(system.home.path))
    assert running is not None
    os.kill(running.programs["cases"].pid, signal.SIGKILL)


def _holds(played: Played) -> None:
    assert played.code == 0, played.story
    counted = played.counted
    assert list(counted) == KEYS
    assert {name: counted[name] for name in TOLD} == TOLD
    assert counted["events"] > 70


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.seed(
    *["A07", "A08", "A09", "A12", "A13", "A23", "A24", "A25", "A26", "A27", "A28", "A29"],
    *["B03", "B05", "B06", "B11", "B23", "B26", "B27", "B34", "B41", "B42", "B43", "B44", "B45", "B52", "B54", "B55"],
    *[
        "C06",
        "C08",
        "C09",
        "C10",
        "C11",
        "C14",
        "C19",
        "C23",
        "C24",
        "C25",
        "C26",
        "C28",
        "C29",
        "C31",
        "C33",
        "C36",
        "C37",
    ],
    *["D09", "D10", "D11", "D15", "D18", "D19"],
    *["E03", "E04", "E06", "E10", "E17", "E20", "E21", "E22", "E23", "E24", "E29"],
)
def test_the_five_seeds_can_be_played_again_and_again(system: Stack) -> None:
    first = _end(_start(system))
    _holds(first)
    assert [letter for letter in "ABCDE" if f"Seed {letter} - " in first.story] == list("ABCDE")
    assert "The team is founded" in first.story
    assert "\x1b[" not in first.story, "no colours where nobody sees them"
    assert "Tack, nu kommer bekräftelserna fram!" in first.story
    second = _end(_start(system))
    _holds(second)
    assert "The team is founded" not in second.story
    assert {**first.counted, "seconds": 0} == {**second.counted, "seconds": 0}


@pytest.mark.journey
def test_the_logins_are_for_their_owner_only(system: Stack) -> None:
    path = system.home.path / "demo-logins.json"
    if not path.exists():
        _holds(_end(_start(system)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    logins = json.loads(path.read_text("utf-8"))
    assert {login["team"] for login in logins} == {"mamut", "casemanager", "selfservice", "enterprise", "extend"}
    assert all(set(login) == {"team", "user_name", "password", "role"} for login in logins)
    assert {login["role"] for login in logins} == {"administrator", "member", "agent"}


@pytest.mark.fault
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_story_survives_a_killed_service(system: Stack) -> None:
    demo = _start(system)
    assert demo.stderr is not None
    told = ""
    for line in demo.stderr:
        told += line
        if "registers a fault" in line or "Tom Webb writes" in line or "Jonas picks" in line:
            _kill_cases(system)
        if "Seed D" in line:
            break
    _holds(_end(demo, told))


@pytest.mark.journey
def test_what_fails_is_said_in_one_sentence(system: Stack) -> None:
    wrong = _end(_start(system, CASEWORK_OPERATOR_PASSWORD="not-the-password"))
    assert wrong.code == 1
    assert wrong.out == ""
    assert re.search(
        r"this failed\. Expected: operator signs in \(201\)\. Received: \{.*\"wrong_credentials\"", wrong.story
    )
    assert "Traceback" not in wrong.story


def test_a_missing_variable_is_named() -> None:
    environment = with_shell({"CASEWORK_URL": "http://127.0.0.1:9"})
    done = subprocess.run(
        [sys.executable, "-m", "deploy.demo"],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "CASEWORK_OPERATOR_NAME" in done.stderr


def test_the_photo_is_a_png_whose_pixels_are_all_there() -> None:
    png = media.photo("x.png", 8, 4).content
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    place, kinds, pixels = 8, [], b""
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        kind, data = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        assert struct.unpack(">I", png[place + 8 + length : place + 12 + length]) == (zlib.crc32(kind + data),)
        kinds.append(kind)
        pixels += data if kind == b"IDAT" else b""
        place += 12 + length
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]
    assert len(zlib.decompress(pixels)) == 4 * (1 + 3 * 8)


def test_every_object_of_the_pdf_is_where_its_table_says() -> None:
    pdf = media.pdf("x.pdf", "Voucher (4711)").content
    table = int(pdf.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert pdf[table:].startswith(b"xref\n")
    places = [int(line[:10]) for line in pdf[table:].splitlines() if line.endswith(b" n ")]
    assert [pdf[place : place + 7] for place in places] == [b"%d 0 obj" % (n + 1) for n in range(4)]
    assert rb"Voucher \(4711\)" in pdf


def test_a_large_file_has_its_size_and_is_the_same_at_every_run() -> None:
    assert len(media.large("a", 2, 5).content) == 2 * media.MEGABYTE + 5
    assert media.large("a", 1) == media.large("a", 1) != media.large("b", 1)


def test_a_wrapped_mail_still_says_the_sentence() -> None:
    assert squeezed("It says\r\n  24.1.2, updated\non Monday.") == "It says 24.1.2, updated on Monday."


def test_a_failure_says_step_expectation_and_problem() -> None:
    with pytest.raises(Failure) as caught:
        must(False, "status is 'closed'", {"code": "busy"})
    told = caught.value.told("Seed A: Kari closes")
    assert told == 'Seed A: Kari closes - this failed. Expected: status is \'closed\'. Received: {"code": "busy"}'
