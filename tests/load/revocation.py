"""`python -m tests.load.revocation`: how long a right that was taken away still opens something, under load.

A person reads a case, its files and the feed and holds an event stream; then his membership is ended, his permission
is taken, his session is ended or his API token is revoked, in turn. The clock runs from the moment the request that
takes it away is *sent* until the case, the files and the feed are refused and the stream is closed.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import click
import requests

from deploy.local.board import Board
from deploy.local.home import CHECKOUT
from tests.journeys.cast import Person, expect
from tests.load.pace import Pace, beat, mixed, percentile
from tests.load.rig import Rig
from tests.load.scene import Scene

LIMIT_SECONDS = 1.0
PATIENCE_SECONDS = 10.0
SIGN_IN_SECONDS = 240.0  # access tokens last ten minutes
READS = {"cases": "/cases/{case}", "files": "/cases/{case}/tree", "feed": "/events?after=0&limit=100"}
SCOPES = ["cases:read", "files:read", "notifications:read"]


class Held:
    """An open event stream; ``ended_at`` is when its end was seen."""

    def __init__(self, person: Person, url: str) -> None:
        headers = {"Authorization": f"Bearer {person.token}", "Accept": "text/event-stream"}
        self._answer = requests.get(url, headers=headers, stream=True, timeout=(5, 60))
        assert self._answer.status_code == 200, self._answer.text
        self.ended_at = 0.0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for _ in self._answer.iter_content(None):
                pass
        except requests.RequestException:
            pass
        self.ended_at = time.perf_counter()


@dataclass
class Trial:
    """One right that was taken: seconds until each way was shut."""

    kind: str
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def whole(self) -> float:
        """Until the last one was shut."""
        return max(self.seconds.values())

    @property
    def last(self) -> str:
        """Which way was shut last."""
        return max(self.seconds, key=lambda name: self.seconds[name])


class Revocations:
    """The trials, beside a load that goes on."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.root = scene, f"http://{scene.host}{scene.team.path}"
        self.operator = scene.team.cast.operator
        self.kinds: dict[str, Callable[[Person], Callable[[], object]]] = {
            "membership ended": self._membership,
            "permission taken": self._permission,
            "session ended": self._session,
            "token revoked": self._token,
        }

    def trial(self, kind: str) -> Trial:
        """Make a person, let him in everywhere, take it away, and wait until everything is shut."""
        person = self.scene.organization.person()
        take = self.kinds[kind](person)
        for name in READS:
            self._let_in(person, name)
        stream = Held(person, f"{self.root}/events")
        began = time.perf_counter()
        take()
        made, left = Trial(kind), dict(READS)
        while (left or not stream.ended_at) and time.perf_counter() - began < PATIENCE_SECONDS:
            for name in list(left):
                if self._shut(person, name):
                    made.seconds[name] = time.perf_counter() - began
                    del left[name]
            time.sleep(0.002)
        made.seconds |= dict.fromkeys(left, PATIENCE_SECONDS)
        made.seconds["stream"] = stream.ended_at - began if stream.ended_at else PATIENCE_SECONDS
        for name in READS:
            assert self._shut(person, name), f"{name} was shut and opened again: {kind}"
        return made

    def _shut(self, person: Person, name: str) -> bool:
        case = self.scene.case_ids[0]
        answer = person.get(self.scene.team.path + READS[name].format(case=case))
        if answer.status == 200 and name == "feed":
            return not answer.json()["data"]  # who may read no case is told of none
        assert answer.status in (200, 401, 403, 404), answer.body
        return answer.status != 200

    def _let_in(self, person: Person, name: str) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while self._shut(person, name):
            assert time.monotonic() < end, f"{name} never opened"
            time.sleep(0.02)

    # --- what is taken ------------------------------------------------------------------------------------------------

    def _place(self, person: Person) -> str:
        found = expect(self.operator.get(f"{self.scene.organization.users}?q={person.user_name}"), 200)["data"]
        return f"{self.scene.team.path}/memberships/{found[0]['id']}"

    def _membership(self, person: Person) -> Callable[[], object]:
        place = self._place(person)
        return lambda: expect(self.operator.patch(place, {"active": False}), 200)

    def _permission(self, person: Person) -> Callable[[], object]:
        place = self._place(person)
        return lambda: expect(self.operator.patch(place, {"permissions": ["organization.read"]}), 200)

    def _session(self, person: Person) -> Callable[[], object]:
        return lambda: expect(person.http("DELETE", "/v1/sessions/current"), 204)

    def _token(self, person: Person) -> Callable[[], object]:
        made = expect(person.post("/v1/me/api-tokens", {"name": "bench", "scopes": SCOPES}), 201)
        session = Person(person.world, person.id, person.user_name, person.email, person.token)
        person.token = made["token"]  # from here on he comes with it
        return lambda: expect(session.http("DELETE", f"/v1/me/api-tokens/{made['id']}"), 204)


def run(times: int, rate: float, board: Board) -> dict[str, Any]:
    """The whole measurement; what it found."""
    rig = Rig(board)
    with rig.running():
        rig.start_programs()
        scene = Scene(rig, 20)
        trials, signed_in = [], time.monotonic()
        try:
            measured = Revocations(scene)
            with beat(rate, mixed(scene)) as pace:
                for number in range(times):
                    kind = list(measured.kinds)[number % len(measured.kinds)]
                    board.step("trials", f"{number + 1} of {times}: {kind}")
                    trials.append(measured.trial(kind))
                    if time.monotonic() - signed_in > SIGN_IN_SECONDS:
                        scene.sign_in()
                        signed_in = time.monotonic()
        finally:
            scene.close()
    return findings(trials, pace, rate)


def findings(trials: list[Trial], pace: Pace, rate: float) -> dict[str, Any]:
    """Median, p99 and most, by kind and in all, in milliseconds."""
    rows: dict[str, Any] = {}
    for kind in [*dict.fromkeys(trial.kind for trial in trials), "all"]:
        values = [trial.whole for trial in trials if kind in (trial.kind, "all")]
        slowest = Counter(trial.last for trial in trials if kind in (trial.kind, "all"))
        rows[kind] = {
            "times": len(values),
            "median_ms": round(1000 * percentile(values, 0.5), 1),
            "p99_ms": round(1000 * percentile(values, 0.99), 1),
            "max_ms": round(1000 * max(values), 1),
            "last_shut": dict(slowest.most_common()),
        }
    load: dict[str, Any] = {"per_second": rate, "requests": len(pace.seconds), "failed": pace.failed}
    load |= {"median_ms": round(pace.median_ms, 1), "p99_ms": round(pace.p99_ms, 1)}
    return {"rows": rows, "load": load, "within_limit": rows["all"]["max_ms"] < 1000 * LIMIT_SECONDS}


@click.command()
@click.option("--times", default=200, help="How many rights are taken away.")
@click.option("--rate", default=100.0, help="Requests a second beside it.")
def main(times: int, rate: float) -> None:
    """Measure, print a table, write build/revocation.json; the exit code says whether all stayed below a second."""
    os.environ.setdefault("CASEWORK_LOG_LEVEL", "WARNING")
    with Board() as board:
        found = run(times, rate, board)
    click.echo(f"\n{'taken away':18}{'times':>7}{'median ms':>11}{'p99 ms':>9}{'max ms':>9}  shut last")
    for kind, row in found["rows"].items():
        last = ", ".join(f"{name} {count}" for name, count in row["last_shut"].items())
        figures = f"{row['times']:>7}{row['median_ms']:>11}{row['p99_ms']:>9}{row['max_ms']:>9}"
        click.echo(f"{kind:18}{figures}  {last}")
    load = found["load"]
    click.echo(
        f"beside {load['per_second']:g} requests/s: {load['requests']} sent, {load['failed']} failed, "
        f"p99 {load['p99_ms']} ms"
    )
    into = CHECKOUT / "build"
    into.mkdir(exist_ok=True)
    (into / "revocation.json").write_text(json.dumps(found, indent=2), encoding="utf-8")
    sys.exit(0 if found["within_limit"] else 1)


if __name__ == "__main__":
    main()
