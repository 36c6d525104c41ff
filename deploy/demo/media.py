"""Files that people send, made here: a photo (PNG), a PDF and a log."""

from __future__ import annotations

import random
import struct
import zlib
from dataclasses import dataclass

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Media:
    """A file on somebody's computer."""

    name: str
    content_type: str
    content: bytes


def photo(name: str, width: int = 160, height: int = 120) -> Media:
    """A small colour gradient as a PNG: signature, header, one block of pixels, end."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)  # no filter
        for x in range(width):
            rows += bytes((255 * x // width, 255 * y // height, 128))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(bytes(rows), 9)) + _chunk(b"IEND", b"")
    return Media(name, "image/png", b"\x89PNG\r\n\x1a\n" + chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pdf(name: str, line: str) -> Media:
    """One page with one line of text (ASCII), and a cross-reference table that is right."""
    safe = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode("ascii", "replace")
    drawing = b"BT /F1 18 Tf 60 770 Td (" + safe + b") Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return Media(name, "application/pdf", bytes(out))


def log(name: str, lines: list[str], copies: int = 40) -> Media:
    """A log as programs write it."""
    text = [f"2026-11-21T08:{number % 60:02}:00Z {line}" for number, line in enumerate(lines * copies)]
    return Media(name, "text/plain", ("\n".join(text) + "\n").encode())


def large(name: str, megabytes: int, extra_bytes: int = 0) -> Media:
    """Something big that does not compress, such as a database file; the same bytes at every run."""
    block = random.Random(name).randbytes(MEGABYTE)  # noqa: S311 - bulk, no secret
    return Media(name, "application/octet-stream", block * megabytes + b"\0" * extra_bytes)
