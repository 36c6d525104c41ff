"""The load generator, a process of its own: one thread, one epoll, raw sockets, requests built beforehand.

Reads one plan (JSON) from the first line of stdin; every further line is a number of seconds: it then keeps
``concurrency`` connections busy for so long, each with one request at a time, and prints one JSON line.
"""

from __future__ import annotations

import itertools
import json
import resource
import select
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

PATIENCE = 15.0  # seconds for the answers that are still on their way when the time is over


class Answers:
    """What came back in one run."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.seconds: list[float] = []
        self.errors: Counter[str] = Counter()
        self.sample = ""

    def good(self, seconds: float) -> None:
        self.seconds.append(seconds)

    def bad(self, what: str, told: bytes = b"") -> None:
        self.errors[what] += 1
        self.sample = self.sample or told[-600:].decode("utf-8", "replace")


class Line:
    """One kept connection with one request on its way."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.buffer = b""
        self.began = 0.0
        self.sock = self._connect()

    def _connect(self) -> socket.socket:
        sock = socket.create_connection(self.address, 5)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def ask(self, request: bytes) -> None:
        self.buffer = b""
        self.began = time.perf_counter()
        self.sock.sendall(request)

    def read(self) -> bytes | None:
        """The whole answer, once it is here. Raises ConnectionError when the other side closed."""
        part = self.sock.recv(262_144)
        if not part:
            raise ConnectionResetError("closed")
        self.buffer = self.buffer + part if self.buffer else part
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return None
        return self.buffer if len(self.buffer) >= head + 4 + _length(self.buffer[:head]) else None

    def again(self) -> None:
        """A new connection instead of the broken one."""
        self.sock.close()
        self.sock = self._connect()


def _length(head: bytes) -> int:
    found = head.lower().find(b"\r\ncontent-length:")
    if found < 0:
        return 0
    end = head.find(b"\r\n", found + 2)
    return int(head[found + 17 : end if end > 0 else len(head)])


class Generator:
    """Closed loop: as many requests on their way as there are connections."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.address = (plan["host"], plan["port"])
        self.expected, self.concurrency = plan["expected"], plan["concurrency"]
        self.requests: Iterator[bytes] = itertools.cycle([text.encode() for text in plan["requests"]])

    def run(self, seconds: float) -> dict[str, Any]:
        """One run; counts only what was asked before the end."""
        answers = Answers(self.expected)
        lines = {line.sock.fileno(): line for line in (Line(self.address) for _ in range(self.concurrency))}
        poll = select.epoll()
        for number in lines:
            poll.register(number, select.EPOLLIN)
        cpu, began = _cpu(), time.perf_counter()
        for line in lines.values():
            line.ask(next(self.requests))
        self._serve(poll, lines, answers, began + seconds)
        elapsed = time.perf_counter() - began
        for line in lines.values():
            line.sock.close()
        poll.close()
        return _told(answers, elapsed, _cpu() - cpu)

    def _serve(self, poll: select.epoll, lines: dict[int, Line], answers: Answers, end: float) -> None:
        busy = len(lines)
        while busy:
            ready = poll.poll(1.0)
            now = time.perf_counter()
            if now > end + PATIENCE:
                answers.errors["no answer"] += busy
                return
            for number, _ in ready:
                line = lines[number]
                if not self._take(line, answers, now):
                    continue
                if line.sock.fileno() != number:
                    lines[line.sock.fileno()] = line
                    poll.register(line.sock.fileno(), select.EPOLLIN)
                if now < end:
                    line.ask(next(self.requests))
                else:
                    busy -= 1

    def _take(self, line: Line, answers: Answers, now: float) -> bool:
        """Read what came; True when the request is over, one way or the other."""
        try:
            told = line.read()
        except OSError as error:
            answers.bad(type(error).__name__)
            line.again()
            return True
        if told is None:
            return False
        status = int(told[9:12])
        if status == self.expected:
            answers.good(now - line.began)
        else:
            answers.bad(str(status), told)
        return True


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _told(answers: Answers, elapsed: float, cpu: float) -> dict[str, Any]:
    times = sorted(answers.seconds)
    return {
        "requests": len(times),
        "errors": dict(answers.errors),
        "sample": answers.sample,
        "elapsed": elapsed,
        "p50": times[len(times) // 2] if times else 0.0,
        "p99": times[min(len(times) - 1, int(len(times) * 0.99))] if times else 0.0,
        "cpu": cpu,
    }


def main() -> None:
    """Serve the commands on stdin until it closes."""
    generator = Generator(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        print(json.dumps(generator.run(float(line))), flush=True)


if __name__ == "__main__":
    main()
