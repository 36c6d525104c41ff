"""The kinds of Problem: we understood, and the answer is no. Each kind is one HTTP status (RFC 9457).

A Problem travels over RPC as data (never as a pickled exception) and leaves the gateway as
``application/problem+json``. ``code`` is for programs and never changes; ``detail`` is for people.
"""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    """Base of every refusal. ``errors`` lists ``{"pointer": "/field", "rule": ..., "detail": ...}``."""

    status = 500
    title = "Something went wrong on our side"
    # True on a refusal whose trace must last (a counted failure): what the unit of work did is committed all the same.
    commits = False

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: list[dict[str, Any]] | None = None,
        retry_after: int | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or code)
        self.code = code
        self.detail = detail
        self.errors = errors or []
        self.retry_after = retry_after
        self.extra = extra or {}

    def as_data(self) -> dict[str, Any]:
        """The wire shape; ``exc_*`` and ``value`` let nameko's stock client raise a readable RemoteError."""
        return {
            "exc_type": "Problem",
            "exc_path": "services.chassis.problems.Problem",
            "exc_args": [self.code],
            "value": self.detail,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "errors": self.errors,
            "retry_after": self.retry_after,
            "extra": self.extra,
        }

    @staticmethod
    def from_data(data: dict[str, Any]) -> Problem:
        """Rebuild a Problem from the wire; an unknown status becomes a plain Problem (500)."""
        kind = _BY_STATUS.get(data.get("status", 500), Problem)
        return kind(
            str(data.get("code", "internal_error")),
            str(data.get("detail") or data.get("value") or ""),
            errors=data.get("errors") or [],
            retry_after=data.get("retry_after"),
            extra=data.get("extra") or {},
        )


class Malformed(Problem):
    status, title = 400, "The request could not be read"


class Unauthenticated(Problem):
    status, title = 401, "Please sign in"


class Forbidden(Problem):
    status, title = 403, "You may not do this"


class NotFound(Problem):
    """Also for what the caller may not see: a foreign object and a missing one are the same answer."""

    status, title = 404, "Not found"

    def __init__(
        self, code: str = "not_found", detail: str = "There is no such thing, or it is not yours.", **more: Any
    ):
        super().__init__(code, detail, **more)


class MethodNotAllowed(Problem):
    status, title = 405, "This method does not exist here"


class Conflict(Problem):
    status, title = 409, "This does not fit the present state"


class PreconditionFailed(Problem):
    status, title = 412, "Somebody changed it in the meantime"


class TooLarge(Problem):
    status, title = 413, "Too large"


class UnsupportedMediaType(Problem):
    status, title = 415, "This content type is not read here"


class Invalid(Problem):
    status, title = 422, "Some values are not right"

    @classmethod
    def field(cls, pointer: str, rule: str, detail: str) -> Invalid:
        """One wrong field: ``pointer`` is a JSON Pointer such as ``/title``."""
        return cls("invalid", detail, errors=[{"pointer": pointer, "rule": rule, "detail": detail}])


class PreconditionRequired(Problem):
    status, title = 428, "Send If-Match with the ETag you read"


class TooManyRequests(Problem):
    status, title = 429, "Too many requests"


class Unavailable(Problem):
    """A part is away for the moment; ``retry_after`` is in whole seconds."""

    status, title = 503, "A part of the system is away for a moment"

    def __init__(self, code: str, detail: str = "", **more: Any):
        more["retry_after"] = more.get("retry_after") or 2
        super().__init__(code, detail, **more)


_BY_STATUS = {
    kind.status: kind
    for kind in (
        Malformed,
        Unauthenticated,
        Forbidden,
        NotFound,
        MethodNotAllowed,
        Conflict,
        PreconditionFailed,
        TooLarge,
        UnsupportedMediaType,
        Invalid,
        PreconditionRequired,
        TooManyRequests,
        Unavailable,
    )
}


def title_of(status: int) -> str:
    """The people's title of a status; used by the gateway for problems it did not make itself."""
    return _BY_STATUS.get(status, Problem).title
