"""The last net: waits until the pipe from its owner breaks, then clears the owner's process groups.

Run by `Stack` as `python -m deploy.local.guard HOME OWNER_PID`; it lives in a session of its own and needs no signal.
"""

import signal
import sys
from pathlib import Path

from deploy.local.home import Home
from deploy.local.process import Identity, sweep, wait_until


def main() -> None:
    """Read until end of file, then sweep. A closed terminal must not end the guard before its owner."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    owner = Identity.of(int(sys.argv[2]))
    sys.stdin.buffer.read()
    wait_until(lambda: not owner.alive(), 10)  # a dying process closes its pipes a moment before it is gone
    home = Home(Path(sys.argv[1]))
    if home.run.exists():
        sweep(home)


if __name__ == "__main__":
    main()
