"""Reads what a client sent: JSON that means one thing only, typed query parameters, and the headers we heed."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from typing import Any

import orjson

from gateway.table import Route
from services.chassis.ids import new_id
from services.chassis.problems import Invalid, Malformed, NotFound, Problem, TooLarge, UnsupportedMediaType

Environ = Mapping[str, Any]
BODY_LIMIT = 1024 * 1024
DEPTH_LIMIT = 64
NUMBER_LIMIT = float(2**64)

_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"([ \t\r\n]*:)?')
_JSON_TYPE = re.compile(r"application/json(\s*;\s*charset=\"?utf-8\"?)?\s*", re.IGNORECASE)
_PATCH_TYPE = re.compile(r"application/(merge-patch\+)?json(\s*;\s*charset=\"?utf-8\"?)?\s*", re.IGNORECASE)
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_TRACE = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_ETAG = re.compile(r'\s*(?:W/)?"?v?([0-9]{1,10})"?\s*')
_ANY_ETAG = re.compile(r'\s*(W/)?"[\x21\x23-\x7e\x80-\xff]*"\s*')


class LengthRequired(Problem):
    """How long is it? Files are refused by their announced size, before they are read."""

    status, title = 411, "Send a Content-Length"


def request_id(environ: Environ) -> str:
    """The client's X-Request-Id if it is a sane one, else a new one."""
    given = environ.get("HTTP_X_REQUEST_ID")
    return given if given and _REQUEST_ID.fullmatch(given) else new_id("req")


def trace(environ: Environ) -> str:
    """The W3C traceparent, or nothing when it is not one."""
    given = environ.get("HTTP_TRACEPARENT", "")
    return given if given and _TRACE.fullmatch(given) else ""


def idempotency_key(environ: Environ) -> str:
    """The client's key, or one of ours, so that a redelivered RPC has one effect."""
    given = environ.get("HTTP_IDEMPOTENCY_KEY")
    if given is None:
        return new_id("key")
    if not _KEY.fullmatch(given):
        raise Malformed("idempotency_key_invalid", "Idempotency-Key must be 1 to 255 printable ASCII characters.")
    return str(given)


def if_match(environ: Environ) -> int | None:
    """The version the caller read; 0 (no row has it) for an ETag we never gave. Raises Malformed when it is no ETag."""
    given = environ.get("HTTP_IF_MATCH")
    if given is None or given.strip() == "*":
        return None
    found = _ETAG.fullmatch(given)
    if found and not given.lstrip().startswith("W/"):
        return min(int(found[1]), 2_147_483_647)
    if found or _ANY_ETAG.fullmatch(given):
        return 0
    raise Malformed("if_match_invalid", 'If-Match must be one ETag, such as "v7".')


def choose_organization(
    environ: Environ, route: Route, asked: dict[str, Any], given: Mapping[str, str], data: dict[str, Any]
) -> None:
    """``?organization=`` (in ``asked``, the query) and X-Organization say the same as ``organization_id`` where the
    message knows one, in the path (``given``) or in its ``data``. Two that differ are a 400."""
    named = (asked.pop("organization", None), environ.get("HTTP_X_ORGANIZATION"))
    if not _of_organization(route):
        return
    for wanted in named:
        if wanted is not None and {**data, **given}.get("organization_id", wanted) != wanted:
            detail = "organization or X-Organization names another organization than the request."
            raise Malformed("organization_differs", detail)
        if wanted is not None and "organization_id" in route.own_names:
            data["organization_id"] = wanted


def _of_organization(route: Route) -> bool:
    return "organization_id" in route.own_names | route.path_names


def path(route: Route, values: dict[str, str]) -> dict[str, Any]:
    """The values of the path as their message wants them. Raises NotFound for one that cannot be."""
    try:
        return {name: route.readers[name](text) for name, text in values.items()}
    except ValueError:
        raise NotFound() from None


def content_length(environ: Environ) -> int | None:
    """The announced length; None when there is none. Raises Malformed for nonsense."""
    given = environ.get("CONTENT_LENGTH") or None
    if given is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", given):
        raise Malformed("content_length_invalid", "Content-Length must be a whole number.")
    return int(given)


def raw_body(environ: Environ, limit: int = BODY_LIMIT) -> bytes:
    """The body's bytes. Raises TooLarge by the announced length, or as soon as a chunked body passes the limit."""
    length = content_length(environ)
    if length is None:
        if not environ.get("wsgi.input_terminated") or "HTTP_TRANSFER_ENCODING" not in environ:
            return b""
        length = limit + 1
    elif length > limit:
        raise TooLarge("body_too_large", f"The body may have {limit} bytes.", extra={"max_bytes": limit})
    parts, missing = [], length
    while missing > 0:
        part = environ["wsgi.input"].read(min(missing, 65_536))
        if not part:
            break
        parts.append(part)
        missing -= len(part)
    body = b"".join(parts)
    if len(body) > limit:
        raise TooLarge("body_too_large", f"The body may have {limit} bytes.", extra={"max_bytes": limit})
    if missing and "HTTP_TRANSFER_ENCODING" not in environ:
        raise Malformed("body_cut_off", "The body is shorter than its Content-Length.")
    return body


def json_body(environ: Environ, route: Route) -> dict[str, Any]:
    """The fields of a JSON body; a request without a body has none."""
    announced = environ.get("CONTENT_TYPE") or ""
    kind = _PATCH_TYPE if route.method == "PATCH" else _JSON_TYPE
    if announced and not kind.fullmatch(announced):
        raise _wrong_type(route)
    if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() not in ("", "identity"):
        raise UnsupportedMediaType("content_encoding", "Compressed bodies are not read here.")
    raw = raw_body(environ)
    if not raw:
        return {}
    if not announced:
        raise _wrong_type(route)
    data = parse(raw)
    if not isinstance(data, dict):
        raise Malformed("malformed", "The body must be a JSON object.")
    return data


def _wrong_type(route: Route) -> Problem:
    wanted = "application/json or application/merge-patch+json" if route.method == "PATCH" else "application/json"
    return UnsupportedMediaType("content_type", f"Send {wanted}.")


def parse(raw: bytes) -> Any:
    """JSON as one meaning only: no NaN, no duplicate keys, no bottomless nesting, no number that would lose digits."""
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Malformed("malformed_json", "The body is not JSON that we can read.") from None
    keys = _walk(data, 0, b"\\u0000" in raw)
    if keys != sum(1 for found in _STRINGS.finditer(raw) if found[1]):
        raise Malformed("duplicate_key", "An object in the body has the same key twice.")
    return data


def _walk(value: Any, depth: int, look_for_nul: bool) -> int:
    """Count the keys of all objects, and refuse what must not go further."""
    kind = type(value)
    if kind is not dict and kind is not list:
        _check_plain(value, look_for_nul)
        return 0
    if depth >= DEPTH_LIMIT:
        raise Malformed("too_deep", f"The body is nested deeper than {DEPTH_LIMIT} levels.")
    if kind is list:
        return sum([_walk(item, depth + 1, look_for_nul) for item in value])
    count = len(value)
    for name, item in value.items():
        if look_for_nul:
            _check_plain(name, True)
        if type(item) is not str or look_for_nul:
            count += _walk(item, depth + 1, look_for_nul)
    return count


def _check_plain(value: Any, look_for_nul: bool) -> None:
    if type(value) is float and not abs(value) < NUMBER_LIMIT:
        raise Malformed("number_too_large", "A number in the body is too large.")
    if look_for_nul and type(value) is str and "\x00" in value:
        raise Malformed("nul_character", "Text must not contain the character NUL.")


def query(environ: Environ, route: Route) -> dict[str, Any]:
    """The query parameters, each typed as its message wants it, and ``organization`` where the message knows one. An
    unknown, a repeated and a wrong one is a 400."""
    text = environ.get("QUERY_STRING")
    if not text:
        return {}
    try:
        pairs = urllib.parse.parse_qsl(text, keep_blank_values=True, max_num_fields=50, errors="strict")
    except (UnicodeDecodeError, ValueError):
        raise Malformed("query_unreadable", "The query is not readable.") from None
    data: dict[str, Any] = {}
    for name, value in pairs:
        choice = name == "organization" and _of_organization(route)
        if not choice and (not route.in_query or name not in route.own_names):
            raise parameter_problem(name, "unknown", "This parameter does not exist here.")
        if name in data:
            raise parameter_problem(name, "repeated", "This parameter was given twice.")
        try:
            data[name] = value if choice else route.readers[name](value)
        except ValueError as error:
            raise parameter_problem(name, "type", str(error)) from None
    return data


def parameter_problem(name: str, rule: str, detail: str) -> Malformed:
    """A wrong query parameter."""
    errors = [{"parameter": name[:80], "rule": rule, "detail": detail}]
    return Malformed("parameter_invalid", f"The parameter {name[:80]!r} is not right: {detail}", errors=errors)


def as_parameter_problem(problem: Invalid) -> Malformed:
    """What is 422 in a body is 400 in a query."""
    first = problem.errors[0] if problem.errors else {"pointer": "/", "rule": "type", "detail": problem.detail}
    made = parameter_problem(str(first["pointer"]).strip("/"), str(first["rule"]), str(first["detail"]))
    made.errors = [{"parameter": str(one["pointer"]).strip("/")[:80], **one} for one in problem.errors]
    for one in made.errors:
        one.pop("pointer", None)
    return made
