"""Makes answers: JSON with its ETag, 201 with its Location, 304, and problem+json for every refusal."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

import orjson
from flask import Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from gateway.reading import Environ
from services.chassis.problems import Problem, Unavailable, title_of

JSON = "application/json"
PROBLEM = "application/problem+json"
CODES = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    414: "uri_too_long",
    415: "content_type",
}
_OURS = re.compile(r'"v([1-9][0-9]{0,9})"')
_ETAGS = re.compile(r'(?:W/)?("[^"]*")')
_OWN_MEMBERS = frozenset(("type", "title", "status", "detail", "instance", "code", "request_id", "errors"))


def json_answer(data: Any, status: int = 200) -> Response:
    """Data as JSON."""
    return Response(orjson.dumps(data), status, content_type=JSON)


def etag_of(version: int) -> str:
    """The strong ETag of a row version."""
    return f'"v{version}"'


def not_modified(environ: Environ, etag: str) -> bool:
    """True when If-None-Match names this ETag."""
    given = environ.get("HTTP_IF_NONE_MATCH")
    return given is not None and (given.strip() == "*" or etag in _ETAGS.findall(given))


def known_versions(environ: Environ) -> list[int]:
    """The row versions that If-None-Match names: those ``not_modified`` would find again, at most ten."""
    tags = _ETAGS.findall(environ.get("HTTP_IF_NONE_MATCH", ""))
    return [int(found[1]) for tag in tags[:10] if (found := _OURS.fullmatch(tag))]


def problem_answer(problem: Problem, environ: Environ, docs: str) -> Response:
    """A refusal as RFC 9457 tells it. What we did not expect says nothing about our insides."""
    status = problem.status
    expected = status != HTTPStatus.INTERNAL_SERVER_ERROR
    told: dict[str, Any] = (
        {name: value for name, value in problem.extra.items() if name not in _OWN_MEMBERS} if expected else {}
    )
    told |= {
        "type": f"{docs}#problem-{status}",
        "title": getattr(problem, "title", None) or title_of(status),
        "status": status,
        "detail": problem.detail if expected else "It has been noted. Try again later, and tell us the request id.",
        "instance": environ.get("PATH_INFO", "/").encode("latin-1", "replace").decode("utf-8", "replace"),
        "code": problem.code if expected else "internal_error",
        "request_id": environ.get("casework.request_id", ""),
    }
    if problem.errors and expected:
        told["errors"] = problem.errors
    answer = Response(orjson.dumps(told, default=str), status, content_type=PROBLEM)
    if status == HTTPStatus.UNAUTHORIZED:
        more = ', error="invalid_token"' if problem.code in ("token_invalid", "token_expired", "session_ended") else ""
        answer.headers["WWW-Authenticate"] = 'Bearer realm="casework"' + more
    if problem.retry_after or isinstance(problem, Unavailable):
        answer.headers["Retry-After"] = str(problem.retry_after or 2)
    if status == HTTPStatus.PRECONDITION_FAILED and "etag" in problem.extra:
        answer.headers["ETag"] = str(problem.extra["etag"])
    return answer


class _FromHttp(Problem):
    """A refusal of the web framework: no such path, no such method, an unreadable request."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(CODES.get(status, "refused"), detail)
        self.status = status
        self.title = title_of(status) if status in CODES else HTTPStatus(status).phrase


def http_answer(error: HTTPException, environ: Environ, docs: str) -> Response:
    """The framework's refusals in our shape; OPTIONS is answered with what there is."""
    status = error.code or 500
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted({*(error.valid_methods or ()), "OPTIONS"}))
        if environ.get("REQUEST_METHOD") == "OPTIONS":
            return Response(b"", 204, headers={"Allow": allowed})
        answer = problem_answer(_FromHttp(405, f"Here are: {allowed}."), environ, docs)
        answer.headers["Allow"] = allowed
        return answer
    detail = "There is no such thing, or it is not yours." if status == HTTPStatus.NOT_FOUND else ""
    return problem_answer(_FromHttp(status, detail), environ, docs)
