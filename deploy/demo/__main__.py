"""``python -m deploy.demo``: play the five seeds on a running (or a fresh) system.

The story goes to stderr, line by line; stdout gets one line of JSON at the end, counted from what was really seen.
The first expectation that does not hold ends it with exit code 1 and one sentence.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

from rich.text import Text

from deploy.demo import place, seed_a, seed_b, seed_c, seed_d, seed_e
from deploy.demo.cast import World, prepare
from deploy.demo.client import Login, Person
from deploy.demo.failure import Failure
from deploy.demo.mail import Post
from deploy.demo.teller import Teller

SEEDS = (seed_a, seed_b, seed_c, seed_d, seed_e)


def play(where: place.Place, teller: Teller) -> list[dict[str, str]]:
    """All five, one after the other. Returns the logins of everybody who took part. Raises Failure."""
    with teller.does(f"The system at {where.url} is ready."):
        place.wait_ready(where.url)
    operator = Person(where.url, Login(where.operator_name, where.operator_password), teller)
    world = World(where.url, operator, Post(where.sink, where.mailroom, teller), teller)
    logins: list[dict[str, str]] = []
    for seed in SEEDS:
        teller.open(seed.TITLE, seed.STORY)
        stage = prepare(world, seed.PLAN)
        seed.play(stage)
        logins += stage.logins()
    teller.chapter = ""
    return logins


def keep(logins: list[dict[str, str]], path: Path) -> None:
    """Write the logins where only their owner can read them, at once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(logins, file, ensure_ascii=False, indent=2)
        file.write("\n")
    fresh.replace(path)


def main() -> int:
    """Play, tell, count. Returns the exit code."""
    teller, began = Teller(), time.monotonic()
    try:
        with place.found() as where:
            logins = play(where, teller)
            if where.logins is not None:
                keep(logins, where.logins)
                teller.say(f"\nThe logins of everybody above are in {where.logins}.")
    except Failure as failure:
        teller.console.print(Text(failure.told(teller.step or teller.chapter), style="bold red"), soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        teller.say("\nStopped.")
        return 130
    told = {**asdict(teller.tally), "seconds": round(time.monotonic() - began, 1)}
    print(json.dumps(told, separators=(",", ":")), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
