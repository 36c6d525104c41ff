"""Files through the gateway: small ones in, as multipart; all of them out, by a redirect to the store.

Bytes never stay here: parts are spooled to disk while they arrive and streamed on to the store.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import structlog
import urllib3
from flask import Response
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from gateway import reading
from gateway.answers import json_answer
from gateway.reading import LengthRequired
from services.chassis.actor import Actor
from services.chassis.problems import (
    Conflict,
    Invalid,
    Malformed,
    NotFound,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from services.contracts.files import FinishUpload, ReadUpload, StartUpload

if TYPE_CHECKING:
    from gateway.app import Call, Desk

log = structlog.get_logger("gateway")

REQUEST_LIMIT = 21 * 1024 * 1024
PARTS_LIMIT = 32
SPOOL_BYTES = 256 * 1024
FORM_BYTES = 256 * 1024  # werkzeug holds its read buffer of 64 KiB against this too
FORM_FIELDS = {"folder_id", "for_comment"}
TOLD_BY_KEY = ("name", "content_type", "size", "sha256")
BLOCK = 64 * 1024
STORE = urllib3.PoolManager(num_pools=4, maxsize=32, retries=False)
STORE_SECONDS = 4.0  # for all files of a request

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(slots=True)
class Arrived:
    """One file on our disk."""

    name: str
    content_type: str
    size: int
    stream: IO[bytes]


class _Hashing:
    """Reads a file for the upload and hashes it on the way."""

    def __init__(self, stream: IO[bytes], until: float) -> None:
        self._stream, self._digest, self._until = stream, hashlib.sha256(), until

    def blocks(self) -> Iterator[bytes]:
        while block := self._stream.read(BLOCK):
            if time.monotonic() > self._until:
                raise TimeoutError("the store takes too long")
            self._digest.update(block)
            yield block

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def take_files(desk: Desk, call: Call) -> Response:
    """POST ~/cases/<case_id>/files, and the same of a draft."""
    reading.query(call.environ, call.route)
    return _answer(call, *_take(desk, call))


def take_files_by_key(desk: Desk, call: Call) -> Response:
    """POST /v1/access/files. Cases says which case the key opens and for whom, before a byte is read; files takes the
    gateway's word for it, for this one case. The answer names no ids: a key holder can do nothing with them."""
    reading.query(call.environ, call.route)
    holder = desk.ask(call, {}).data
    call.actor, call.more = Actor("key", holder["contact_id"]), {"opened": holder["case_id"]}
    call.path = {name: holder[name] for name in ("team_id", "case_id")}
    views, replayed = _take(desk, call)
    return _answer(call, [{name: view[name] for name in TOLD_BY_KEY} for view in views], replayed)


def _answer(call: Call, views: list[dict[str, Any]], replayed: bool) -> Response:
    answer = json_answer({"data": views}, 201)
    answer.headers["Location"] = call.route.more.made.replace("~", "/v1/teams/{team_id}").format_map(call.path)
    if replayed:
        answer.headers["Idempotency-Replayed"] = "true"
    return answer


def _take(desk: Desk, call: Call) -> tuple[list[dict[str, Any]], bool]:
    """Every file is announced before any byte is stored, the largest first: when it is refused, nothing of the others
    is left behind. The files as they are now, and whether all of it had been done before."""
    key = reading.idempotency_key(call.environ)
    with ExitStack() as stack:
        form, files = _parts(call.environ, stack)
        asked = [_announce(call, form, file) for file in files]
        started: list[dict[str, Any]] = [{}] * len(asked)
        replayed = True
        for number in sorted(range(len(asked)), key=lambda number: files[number].size, reverse=True):
            data = asked[number]
            reply = desk.client.call(
                "files", StartUpload.wire_name, data, _context(desk, call, key, f"start {number}"), desk.timeout
            )
            started[number] = _as_it_stands(desk, call, reply.data) if reply.replayed else reply.data
            replayed = replayed and reply.replayed
        views, until = [], time.monotonic() + STORE_SECONDS
        for number, (file, upload) in enumerate(zip(files, started, strict=True)):
            digest = _store(upload["put_url"], file, until) if upload["put_url"] else _digest(file)
            data = {"team_id": call.path["team_id"], "file_id": upload["file"]["id"], "sha256": digest}
            context = _context(desk, call, key, f"finish {number}")
            views.append(desk.client.call("files", FinishUpload.wire_name, data, context, desk.timeout).data)
    return views, replayed


def _as_it_stands(desk: Desk, call: Call, upload: dict[str, Any]) -> dict[str, Any]:
    """An upload that was announced before, with a fresh address: the one of then may be over. With an empty one when
    the bytes have arrived."""
    data = {"team_id": call.path["team_id"], "file_id": upload["file"]["id"]}
    try:
        return dict(desk.client.call("files", ReadUpload.wire_name, data, desk.context(call, ""), desk.timeout).data)
    except Conflict:
        return {**upload, "put_url": ""}


def send_to_content(desk: Desk, call: Call) -> Response:
    """GET ~/files/<file_id>/content: the service judges, the store delivers."""
    url = desk.ask(call, desk.read(call)).data["url"]
    return Response(b"", 302, {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def _context(desk: Desk, call: Call, key: str, step: str) -> Any:
    return desk.context(call, hashlib.sha256(f"{key}\n{step}".encode()).hexdigest())


def _parts(environ: Any, stack: ExitStack) -> tuple[dict[str, Any], list[Arrived]]:
    """Spool the parts to disk; what was said about all of the files, and the files. The announced length is judged
    before the first byte is read."""
    if not environ.get("CONTENT_TYPE", "").lower().startswith("multipart/form-data"):
        raise UnsupportedMediaType("content_type", "Send multipart/form-data with parts named file.")
    length = reading.content_length(environ)
    if length is None:
        raise LengthRequired("length_required", "Send a Content-Length.")
    if length > REQUEST_LIMIT:
        detail = "Through this address a request may have 21 MiB. Larger files go to /uploads."
        raise TooLarge("body_too_large", detail, extra={"max_bytes": REQUEST_LIMIT})
    parser = FormDataParser(_spool, FORM_BYTES, REQUEST_LIMIT, silent=False, max_form_parts=PARTS_LIMIT)
    try:
        _, form, parts = parser.parse_from_environ(environ)
    except RequestEntityTooLarge:
        raise TooLarge(
            "too_many_parts", f"A request may have {PARTS_LIMIT} parts, and fields only short values."
        ) from None
    except (ValueError, UnicodeError):
        raise Malformed("multipart_unreadable", "The multipart body is not readable.") from None
    for _, part in parts.items(multi=True):
        stack.callback(part.close)
    unknown = (set(form) - FORM_FIELDS) | (set(parts) - {"file"})
    if unknown:
        raise Invalid.field(
            f"/{sorted(unknown)[0][:80]}", "unknown", "Parts are named file, folder_id and for_comment."
        )
    if not parts.getlist("file"):
        raise Invalid.field("/file", "required", "Send at least one part named file, with a file name.")
    return _said_of_all(form), [_arrived(part) for part in parts.getlist("file")]


def _said_of_all(form: MultiDict[str, str]) -> dict[str, Any]:
    """The fields beside the files; an empty one is as good as none."""
    for name in form:
        if len(form.getlist(name)) > 1:
            raise Invalid.field(f"/{name}", "repeated", "All files of a request go the same way.")
    said: dict[str, Any] = {name: value for name, value in form.items() if value}
    if said.get("for_comment") not in (None, "true", "false"):
        raise Invalid.field("/for_comment", "type", "Must be true or false.")
    return said | {"for_comment": said.get("for_comment") == "true"}


def _spool(*_: Any, **__: Any) -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(SPOOL_BYTES, "w+b")


def _arrived(part: FileStorage) -> Arrived:
    given = part.filename or ""
    if _CONTROL.search(given):
        raise Invalid.field("/file", "pattern", "A file name must not contain control characters.")
    kind = (part.mimetype or "").lower()
    stream: Any = part.stream
    size = stream.seek(0, 2)
    stream.seek(0)
    return Arrived(
        name=re.split(r"[/\\]", given)[-1],
        content_type=kind if len(kind) < 128 and _MEDIA_TYPE.fullmatch(kind) else "application/octet-stream",
        size=size,
        stream=stream,
    )


def _announce(call: Call, said: dict[str, Any], file: Arrived) -> dict[str, Any]:
    """The data of the file's StartUpload, checked at the edge. Raises Invalid, or NotFound for the path."""
    about = {"name": file.name, "content_type": file.content_type, "size": file.size}
    data: dict[str, Any] = {**call.path, **about, **said}
    try:
        StartUpload.load(data, strict=True)
    except Invalid as problem:
        if any(str(one["pointer"])[1:] in call.path for one in problem.errors):
            raise NotFound() from None
        for one in problem.errors:
            one["pointer"] = "/folder_id" if one["pointer"] == "/folder_id" else "/file"
        raise
    return data


def _digest(file: Arrived) -> str:
    return hashlib.file_digest(file.stream, "sha256").hexdigest()  # type: ignore[arg-type]


def _store(url: str, file: Arrived, until: float) -> str:
    """PUT the bytes; returns their SHA-256. Raises Unavailable when the store does not take them in time."""
    hashing = _Hashing(file.stream, until)
    timeout = urllib3.Timeout(total=max(0.001, until - time.monotonic()), connect=2.0)
    headers = {"Content-Length": str(file.size), "Content-Type": file.content_type}
    try:
        answer = STORE.urlopen("PUT", url, body=hashing.blocks(), headers=headers, redirect=False, timeout=timeout)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        log.warning("the object store is away", error=type(error).__name__)
        raise Unavailable("store_away", "Files cannot be stored for a moment.", retry_after=5) from None
    if answer.status not in (200, 201, 204):
        log.warning("the object store refused a file", status=answer.status)
        raise Unavailable("store_away", "Files cannot be stored for a moment.", retry_after=5)
    return hashing.sha256
