"""`python -m tests.load.bench` (`make bench`): what a request costs, part by part, beside the stack's own floor."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from deploy.local.board import Board
from deploy.local.home import CHECKOUT, SetupError
from tests.load import flame, meter, report
from tests.load.floors import Floors, Pace, cell
from tests.load.measure import Cell, Target, idle, worker
from tests.load.report import Findings
from tests.load.rig import Rig
from tests.load.scene import SCENARIOS, Scenario, Scene
from tests.load.statements import Captured, Ear, capture

BUILD = CHECKOUT / "build"
PROFILED = ("gateway", "cases", "notifications")


@dataclass(frozen=True)
class Options:
    """What the command line asked for."""

    pace: Pace
    concurrencies: list[int]
    scenarios: list[Scenario]
    cases: int
    settle: float
    hot: bool
    floors: bool
    profile: str


class Bench:
    """One whole bench."""

    def __init__(self, options: Options, board: Board) -> None:
        self.options, self.board = options, board
        self.rig = Rig(board)
        told = {"seconds": options.pace.seconds, "runs": options.pace.runs, "cases": options.cases}
        self.found = Findings(told | {"log level": os.environ["CASEWORK_LOG_LEVEL"], "hot": options.hot})

    def run(self) -> Findings:
        """The stack first, then its floors with everything of Casework stopped."""
        with self.rig.running() as rig:
            rig.start_programs()
            scene = self._scene()
            self.found.idle_memory = meter.memory(rig.roots)
            self.board.step("idle", "how much the idle stack uses")
            self.found.idle = idle(rig.roots, max(3.0, self.options.pace.seconds))
            for scenario in self.options.scenarios:
                for concurrency in self.options.concurrencies:
                    self.found.cells.append(self._cell(scene, scenario, concurrency))
            if self.options.floors:
                self._capture(scene)
                scene.close()
                self.board.step("stop", "stopping the programs: only the servers stay for the floors")
                rig.stop_programs()
                self.board.done("stop", "stopped")
                self._floors(scene)
        return self.found

    def _scene(self) -> Scene:
        self.board.step("scene", f"founding a team, a customer, an agent, {self.options.cases} cases")
        scene = Scene(self.rig, self.options.cases, hot=self.options.hot)
        waited, left = self.rig.settle(120)
        self.board.done("scene", f"stands; its mails and events took {waited:.1f} s {left or ''}")
        return scene

    def _cell(self, scene: Scene, scenario: Scenario, concurrency: int) -> Cell:
        name = f"{scenario.name} {concurrency}"
        self.board.step(name, f"{self.options.pace.runs} runs of {self.options.pace.seconds:g} s")
        scene.sign_in()
        target = Target(self.rig.roots, lambda: self.rig.settle(self.options.settle))
        with worker("generator", plan_of(scene, scenario, concurrency)) as load:
            found = cell(scenario.name, concurrency, load, target, self.options.pace)
        found.memory = meter.memory(self.rig.roots)
        rate = found.middle(lambda run: run.per_second)[0]
        told = f"{rate:.0f}/s, {found.stack_ms:.2f} ms CPU a request"
        self.board.done(name, told + (f", ERRORS {found.errors}" if found.errors else ""))
        return found

    def _capture(self, scene: Scene) -> None:
        scene.sign_in()
        with Ear(self.rig) as ear:
            for scenario in self.options.scenarios:
                self.board.step("SQL", f"listening to {scenario.name}")
                self.found.captured[scenario.name] = self._captured(ear, scene, scenario)
        self.board.done("SQL", ", ".join(f"{name} {one.round_trips}" for name, one in self.found.captured.items()))

    def _captured(self, ear: Ear, scene: Scene, scenario: Scenario) -> Captured:
        request = scenario.build(scene)[0].decode()
        line, _, body = request.partition("\r\n\r\n")
        method, path = line.split(" ")[:2]
        more: dict[str, Any] = {"json": json.loads(body)} if body else {}
        rotating = scene.case_ids[0] if scenario.name == "comment" else ""
        return capture(ear, lambda _: scene.customer.http(method, path, **more), rotating)

    def _floors(self, scene: Scene) -> None:
        floors = Floors(self.rig, self.options.pace, self.board.step)
        wanted = self.options.concurrencies
        for name, captured in self.found.captured.items():
            floors.sql(name, captured, scene.case_ids[:1] if self.options.hot else scene.case_ids, wanted)
        self.board.done("floor: SQL", "measured")
        floors.empty(wanted)
        self.board.done("floor: empty", "measured")
        floors.echo(wanted)
        self.board.done("floor: echo", "measured")
        self.found.floor_cells = list(floors.cells.values())
        self.found.floors = {f"{name} {many}": floors.of(name, many) for name in self.found.captured for many in wanted}

    def profile(self, scenario: Scenario) -> list[flame.View]:
        """Samples of the gateway, cases and notifications under this scenario; nothing is measured meanwhile."""
        folder = BUILD / "bench-profile"
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*"):
            old.unlink()
        go = folder / "go"
        wrapped: dict[str, tuple[str, ...]] = {
            name: ("-m", "tests.load.probed", str(folder / f"{name}.json"), str(go)) for name in PROFILED
        }
        with self.rig.running() as rig:
            rig.start_programs(wrapped)
            scene = self._scene()
            self.board.step("profile", scenario.title)
            plan = plan_of(scene, scenario, self.options.concurrencies[-1])
            with worker("generator", plan) as load:
                load.run(self.options.pace.warm)
                go.touch()
                load.run(self.options.pace.seconds)
                go.unlink()
                load.run(1.0)  # the samplers look up only while they work
            self.board.done("profile", "taken")
        return flame.read(folder)


def plan_of(scene: Scene, scenario: Scenario, concurrency: int) -> dict[str, Any]:
    """What the generator needs to know."""
    requests = [raw.decode() for raw in scenario.build(scene)]
    at = {"host": "127.0.0.1", "port": scene.rig.stack.ports.gateway}
    return at | {"expected": scenario.expected, "concurrency": concurrency, "requests": requests}


def _write(found: Findings) -> dict[str, Any]:
    BUILD.mkdir(exist_ok=True)
    told = report.data(found)
    (BUILD / "bench.json").write_text(json.dumps(told, indent=1) + "\n")
    (BUILD / "bench.md").write_text(report.markdown(found))
    return told


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--seconds", type=click.FloatRange(0.5), default=5.0, show_default=True, help="Length of one run.")
@click.option("--runs", type=click.IntRange(1), default=3, show_default=True, help="Runs of each cell.")
@click.option("--scenario", "names", type=click.Choice(list(SCENARIOS)), multiple=True, help="Only this; repeatable.")
@click.option("--concurrency", type=click.IntRange(1, 200), multiple=True, default=(1, 16), show_default=True)
@click.option("--cases", type=click.IntRange(1), default=200, show_default=True, help="Cases in the customer's list.")
@click.option(
    "--settle", type=float, default=60.0, show_default=True, help="Most seconds to wait for events and mails."
)
@click.option("--hot", is_flag=True, help="All comments on one case, so that its row is a hot spot.")
@click.option("--no-floors", is_flag=True, help="Leave out the floors (and the ratios).")
@click.option("--quick", is_flag=True, help="A trial: one run of 2 s each, 30 cases. No figures to quote.")
@click.option("--json", "as_json", is_flag=True, help="Print build/bench.json instead of build/bench.md.")
@click.option(
    "--profile",
    type=click.Choice(list(SCENARIOS)),
    help="No figures: where gateway, cases and notifications spend their CPU.",
)
def main(**given: Any) -> None:
    """Measure the running system under load.

    Starts a stack of its own (build/bench-stack, ports from CASEWORK_BENCH_PORT_BASE, default 10700), throws away what
    an earlier bench left there, and writes build/bench.json and build/bench.md. Progress goes to stderr.
    The programs log at WARNING unless CASEWORK_LOG_LEVEL says otherwise; SCALE_<SERVICE> sets their number.
    """
    os.environ.setdefault("CASEWORK_LOG_LEVEL", "WARNING")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    quick = given["quick"]
    pace = Pace(1.0, 2.0, 1) if quick else Pace(2.0, given["seconds"], given["runs"])
    scenarios = [one for name, one in SCENARIOS.items() if not given["names"] or name in given["names"]]
    cases, settle = (30, min(15.0, given["settle"])) if quick else (given["cases"], given["settle"])
    more = {"hot": given["hot"], "floors": not given["no_floors"], "profile": given["profile"] or ""}
    options = Options(pace, list(given["concurrency"]), scenarios, cases, settle, **more)
    try:
        with Board() as board:
            bench = Bench(options, board)
            views = bench.profile(SCENARIOS[options.profile]) if options.profile else []
            told = _write(bench.run()) if not options.profile else {}
    except SetupError as error:
        raise click.ClickException(str(error)) from error
    if options.profile:
        click.echo(flame.text(views))
    else:
        click.echo(json.dumps(told, indent=1) if given["as_json"] else Path(BUILD / "bench.md").read_text())


if __name__ == "__main__":
    main(prog_name="python -m tests.load.bench")
