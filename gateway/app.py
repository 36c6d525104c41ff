"""The gateway: every endpoint of ``routes.py`` goes through the one handler here.

token -> Actor; path, query and body -> a message's data; RPC; reply -> JSON, ETag, Location, cursors.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from typing import Any

import structlog
from flask import Flask, Request, Response
from werkzeug.exceptions import HTTPException

from gateway import health, limits, live, pages, reading
from gateway.answers import etag_of, http_answer, json_answer, known_versions, not_modified, problem_answer
from gateway.auth import Client, Identity, Tokens
from gateway.cursors import Cursors
from gateway.edge import Edge
from gateway.origins import Origins
from gateway.routes import ROUTES
from gateway.settings import GatewaySettings
from gateway.table import Allow, Route
from services.chassis import settings as chassis_settings
from services.chassis.actor import ANONYMOUS, Actor, Context
from services.chassis.problems import (
    Forbidden,
    Invalid,
    Malformed,
    NotFound,
    PreconditionRequired,
    Problem,
    Unauthenticated,
)
from services.chassis.rpc import Reply, RpcClient
from services.chassis.telemetry import set_up_logs

log = structlog.get_logger("gateway")

# The way out for who came in by a team's provider: it may set up nothing that counts in his other teams.
WAY_OUT = "Sign in with your password; who has none chooses one by the link of a letter."
WAYS_OUT = ["POST /v1/password/lost", "POST /v1/sessions"]


@dataclass(slots=True)
class Call:
    """One request on its way: its endpoint, its WSGI environment, the values of its path, who asks."""

    route: Route
    environ: dict[str, Any]
    path: dict[str, str]
    actor: Actor = ANONYMOUS
    until: float = 0.0
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def path_info(self) -> str:
        """The path as the client wrote it."""
        return str(self.environ.get("PATH_INFO", ""))


class Desk:
    """Answers requests. What every handler needs stands here once."""

    def __init__(self, client: Client, settings: GatewaySettings) -> None:
        self.client, self.settings = client, settings
        self.timeout = float(settings.rpc_timeout_seconds)
        self.docs = settings.public_url.rstrip("/") + "/docs"
        self.tokens = Tokens(client, self.timeout)
        self.cursors = Cursors(settings.secret_key)
        self.hub = live.Hub(self.tokens.revocations)
        self.addresses = limits.Addresses(settings.trusted_proxies)
        self._limit = limits.Limiter(limits.Policy("default", settings.rate_limit))
        self._anonymous_limit = limits.Limiter(limits.Policy("anonymous", settings.anonymous_rate_limit))

    def answer(self, route: Route, environ: dict[str, Any], path: dict[str, str]) -> Response:
        """One request, from its headers to its answer. A refusal is an answer too."""
        environ["casework.route"] = route.name
        call = Call(route, environ, path | route.more.fixed)
        try:
            self.admit(call)
            if route.more.do is not None:
                answer: Response = route.more.do(self, call)
            else:
                data = self.read(call)
                answer = self.tell(call, data, self.ask(call, data))
        except Problem as problem:
            answer = problem_answer(problem, environ, self.docs)
        if route.allow is Allow.KEY:
            answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers.extend(environ.get(limits.HEADERS, ()))
        return answer

    def admit(self, call: Call) -> None:
        """Find out who asks. Raises Unauthenticated or Forbidden. Where anyone may ask, the token is not looked at."""
        welcome = call.route.allow is Allow.WELCOME and "HTTP_AUTHORIZATION" not in call.environ
        if call.route.allow in (Allow.ANYONE, Allow.KEY) or welcome:
            call.more = {"ip": self.addresses.of(call.environ)}
            only_reads = call.route.message.reads and call.route.more.sends == "application/json"
            limit = self._limit if only_reads else self._anonymous_limit
            limit.take(limits.caller_of(call.more["ip"]), call.environ)
            if call.route.allow is Allow.KEY:
                call.actor = key_holder(call.environ)
            return
        identity = self._identity(call)
        call.actor, call.until = identity.actor, identity.until
        call.environ["casework.user"] = identity.actor.user_id
        self._limit.take(identity.actor.user_id, call.environ)
        if identity.scopes is not None:
            must_be_in_scope(call.route, identity.scopes)
        must_be_free(call.route, identity)
        if identity.team is not None:
            must_be_inside(call, identity.team)
            call.more = {"team": identity.team}
        if call.route.allow is Allow.OPERATOR and call.actor.kind != "operator":
            raise Forbidden("operator_only", "Only the operators of this installation may do this.")
        if call.path.get("user_id") == "me":
            call.path = {**call.path, "user_id": call.actor.user_id}

    def _identity(self, call: Call) -> Identity:
        """Who sent the token. Who fails at that is counted by his address."""
        try:
            return self.tokens.identity(call.environ.get("HTTP_AUTHORIZATION"))
        except Unauthenticated:
            self._limit.take(limits.caller_of(self.addresses.of(call.environ)), call.environ)
            raise

    def read(self, call: Call) -> dict[str, Any]:
        """Path, query and body as the data of the endpoint's message, checked as the service will check it."""
        route, environ = call.route, call.environ
        if route.in_query:
            if reading.content_length(environ) or "HTTP_TRANSFER_ENCODING" in environ:
                raise Malformed("body_not_expected", "This method takes no body.")
            asked = data = reading.query(environ, route)
        else:
            asked = reading.query(environ, route)
            data = reading.json_body(environ, route)
            if not route.path_names.isdisjoint(data):
                name = next(iter(route.path_names.intersection(data)))
                raise Invalid.field(f"/{name}", "unknown", "This value stands in the path.")
        reading.choose_organization(environ, route, asked, call.path, data)
        if route.paged and isinstance(data.get("cursor"), str):
            data["cursor"] = self.cursors.open(route, call.actor, {**data, **call.path}, data["cursor"])
        data.update(reading.path(route, call.path))
        check(call, data)
        return data

    def context(self, call: Call, key: str | None = None) -> Context:
        """What travels beside the message."""
        route, environ = call.route, call.environ
        if route.more.guarded and "HTTP_IF_MATCH" not in environ:
            raise PreconditionRequired("if_match_required")
        if key is None and not route.message.reads:
            key = reading.idempotency_key(environ)
        return Context(
            actor=call.actor,
            request_id=environ["casework.request_id"],
            deadline_ms=int((time.time() + self.timeout) * 1000),
            key=key or "",
            if_match=reading.if_match(environ),
            trace=reading.trace(environ),
            more=self._more(call),
        )

    def _more(self, call: Call) -> dict[str, Any]:
        """A GET also tells which versions the client has, so that a service need not send a large document again."""
        has = known_versions(call.environ) if call.route.method == "GET" and call.route.version_field else []
        return {**call.more, "has": has} if has else call.more

    def ask(self, call: Call, data: dict[str, Any]) -> Reply:
        """Ask the endpoint's service. Raises the Problem it answered, or Unavailable."""
        return self.client.call(call.route.service, call.route.verb, data, self.context(call), self.timeout)

    def tell(self, call: Call, data: dict[str, Any], reply: Reply) -> Response:
        """The reply as an HTTP answer."""
        route, told = call.route, reply.data
        etag = ""
        if route.version_field and type(told.get(route.version_field)) is int:
            etag = etag_of(told[route.version_field])
        if etag and route.method == "GET" and not_modified(call.environ, etag):
            return Response(b"", 304, headers={"ETag": etag})
        if route.method == "DELETE":
            answer = Response(b"", route.status)
            del answer.headers["Content-Type"]
        else:
            self._sign_cursors(call, data, told)
            answer = json_answer(told, route.status)
        headers = answer.headers
        if etag:
            headers["ETag"] = etag
        if route.more.made:
            headers["Location"] = location(route, told, data)
        if reply.replayed:
            headers["Idempotency-Replayed"] = "true"
        if route.paged and told.get("next_cursor"):
            headers["Link"] = f'<{self._next(call, told["next_cursor"])}>; rel="next"'
        return answer

    def _sign_cursors(self, call: Call, data: dict[str, Any], told: dict[str, Any]) -> None:
        if call.route.paged and told.get("next_cursor"):
            told["next_cursor"] = self.cursors.sign(call.route, call.actor, data, told["next_cursor"])
        for name, target in call.route.cursors:
            if told.get(name):
                filters = {one: told.get(one) or told["id"] for one in target.path_names}
                told[name] = self.cursors.sign(target, call.actor, filters, told[name])

    def _next(self, call: Call, cursor: str) -> str:
        kept = [
            part for part in call.environ.get("QUERY_STRING", "").split("&") if part and not part.startswith("cursor=")
        ]
        return f"{call.path_info}?{'&'.join([*kept, 'cursor=' + cursor])}"


def key_holder(environ: dict[str, Any]) -> Actor:
    """Who shows an access key, by its SHA-256: the key itself goes no further. What is no key opens nothing either."""
    shown = str(environ.get("HTTP_X_ACCESS_KEY", ""))
    return Actor("key", session_id=hashlib.sha256(shown.encode("latin-1", "replace")).hexdigest())


def must_be_in_scope(route: Route, scopes: frozenset[str]) -> None:
    """What an API token may do. Raises Forbidden ``session_needed`` or ``scope_missing``."""
    if route.more.session:
        raise Forbidden("session_needed", "No API token may do this. Sign in.")
    if route.scope not in scopes:
        raise Forbidden("scope_missing", f"This needs the scope {route.scope}.", extra={"scope": route.scope})


def must_be_free(route: Route, identity: Identity) -> None:
    """Who must set up a second factor does nothing else before. Raises Forbidden ``second_factor_needed``."""
    if identity.setup and not route.more.setup:
        detail = "Your team wants a second factor. Set up an authenticator app first, then refresh the session."
        ways = [one.name for one in ROUTES if one.more.setup and one.method == "POST"]
        if identity.team is not None:  # these count in every team
            detail = f"Your team wants a second factor. {WAY_OUT} Then set up an authenticator app."
            ways = [*WAYS_OUT, *ways]
        raise Forbidden("second_factor_needed", detail, extra={"routes": ways})


def must_be_inside(call: Call, team_id: str) -> None:
    """What a session may reach that began at a team's provider: this team, and nothing that counts in others, too.
    Another team is not there, as for any stranger. Raises NotFound, Forbidden ``session_bound``."""
    if "team_id" in call.path:
        if call.path["team_id"] != team_id:
            raise NotFound()
    elif not call.route.more.anywhere:
        detail = f"This session counts in one team only. {WAY_OUT}"
        raise Forbidden("session_bound", detail, extra={"team_id": team_id, "routes": WAYS_OUT})


def check(call: Call, data: dict[str, Any]) -> None:
    """Check the data at the edge: an impossible path is not found, a wrong parameter is 400, a wrong field 422."""
    try:
        call.route.message.load(data, strict=True)
    except Invalid as problem:
        named = {str(one["pointer"]).split("/")[1] for one in problem.errors}
        if named & call.route.path_names:
            raise NotFound() from None
        raise (reading.as_parameter_problem(problem) if call.route.in_query else problem) from None


def location(route: Route, told: dict[str, Any], data: dict[str, Any]) -> str:
    """Where what was made can be read."""
    return route.more.made.replace("~", "/v1/teams/{team_id}").format_map({**told, **data})


class Gateway(Flask):
    """Flask carries the endpoints; paths are taken literally, and there are no cookies or static files."""

    class request_class(Request):  # noqa: N801 - Flask's own interface
        """Bodies are read by ``reading.py``."""

        max_content_length = None

    def __init__(self, desk: Desk) -> None:
        super().__init__("gateway", static_folder=None, template_folder=None)
        self.desk = desk
        self.url_map.merge_slashes = False
        self.url_map.redirect_defaults = False
        for route in ROUTES:
            self.add_url_rule(
                route.rule,
                endpoint=route.name,
                view_func=self._view(route),
                methods=[route.method],
                provide_automatic_options=False,
            )
        pages.register(self, desk)
        health.register(self, desk)
        self.register_error_handler(HTTPException, self._refuse)
        self.register_error_handler(Exception, self._fail)
        self.wsgi_app = Edge(self.wsgi_app, desk.docs, Origins(desk.settings.cors_origins))  # type: ignore[method-assign]

    def _view(self, route: Route) -> Any:
        from flask import request

        answer = self.desk.answer

        def view(**path: str) -> Response:
            return answer(route, request.environ, path)

        return view

    def _refuse(self, error: HTTPException) -> Response:
        from flask import request

        return http_answer(error, request.environ, self.desk.docs)

    def _fail(self, error: Exception) -> Response:
        from flask import request

        log.exception("a request failed", request_id=request.environ.get("casework.request_id"), exc_info=error)
        return problem_answer(Problem("internal_error"), request.environ, self.desk.docs)


def create_app(client: Client | None = None, settings: GatewaySettings | None = None) -> Gateway:
    """The gateway as a WSGI application. Without arguments: with the settings of the environment and a real broker."""
    if settings is None:
        settings = chassis_settings.load(GatewaySettings)
        set_up_logs("gateway", level=settings.log_level, form=settings.log_format)
    if client is not None:
        return Gateway(Desk(client, settings))
    app = Gateway(Desk(RpcClient(settings.amqp_url, name="gateway"), settings))
    live.listen(app.desk.hub, settings.amqp_url)
    health.serve_aside(app.desk, settings)
    return app
