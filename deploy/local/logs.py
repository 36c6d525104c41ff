"""Log files of all processes as one stream, each line with the name of its process."""

import itertools
import os
import shutil
import sys
from pathlib import Path

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
WIDTH = 15
LARGEST = 20 * 1024 * 1024


class Follower:
    """Reads what was appended to the files of a folder since the last look."""

    def __init__(self, folder: Path, name: str = "", *, from_start: bool = False) -> None:
        """`name` limits it to one program, its instances included."""
        self._folder = folder
        self._name = name
        self._offsets: dict[Path, int] = {}
        self._rest: dict[Path, bytes] = {}
        if not from_start:
            self._offsets = {path: path.stat().st_size for path in self.files()}

    def files(self) -> list[Path]:
        return [path for path in sorted(self._folder.glob("*.log")) if self._wanted(path.stem)]

    def _wanted(self, stem: str) -> bool:
        return not self._name or stem == self._name or stem.startswith(f"{self._name}.")

    def poll(self) -> list[tuple[str, str]]:
        """(program, line) for each complete new line."""
        found: list[tuple[str, str]] = []
        for path in self.files():
            for line in self._lines(path):
                found.append((path.stem, line))
        return found

    def _lines(self, path: Path) -> list[str]:
        offset, size = self._offsets.get(path, 0), path.stat().st_size
        if size == offset:
            return []
        if size < offset:  # the launcher has cut the file
            offset = 0
        with path.open("rb") as file:
            file.seek(offset)
            data = self._rest.pop(path, b"") + file.read(size - offset)
        self._offsets[path] = size
        *lines, rest = data.split(b"\n")
        if rest:
            self._rest[path] = rest
        return [line.decode("utf-8", "replace").rstrip("\r") for line in lines]

    def trim(self) -> None:
        """Move a file's content to NAME.log.1 when it has grown large. Writers append, so they go on undisturbed."""
        for path in self.files():
            if path.stat().st_size > LARGEST:
                shutil.copyfile(path, path.with_suffix(".log.1"))
                os.truncate(path, 0)


class Painter:
    """Prints lines with a name of fixed width, coloured only on a terminal and never under NO_COLOR."""

    def __init__(self) -> None:
        self._coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self._colours: dict[str, int] = {}
        self._wheel = itertools.cycle(COLOURS)

    def show(self, lines: list[tuple[str, str]]) -> None:
        for name, line in lines:
            sys.stdout.write(f"{self._prefix(name)} {line}\n")
        if lines:
            sys.stdout.flush()

    def _prefix(self, name: str) -> str:
        text = f"{name[:WIDTH]:<{WIDTH}} |"
        if not self._coloured:
            return text
        if name not in self._colours:
            self._colours[name] = next(self._wheel)
        return f"\x1b[{self._colours[name]}m{text}\x1b[0m"


def tail(path: Path, count: int) -> list[str]:
    """The last lines of a file, reading at most its last 64 KiB."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 65536))
        return file.read().decode("utf-8", "replace").splitlines()[-count:]
