"""Every route, as everybody who must not, with everything that is not his: foreign and missing are one answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway.routes import ROUTES
from gateway.table import Allow, Route
from tests.journeys.cast import Person
from tests.security.asking import field_things, fields, path_things, short
from tests.security.stage import SHARED, Stage, absent
from tests.world import HttpAnswer

PAGES = ("/v1", "/docs", "/v1/openapi.json", "/version", "/livez", "/readyz", "/nowhere")
# A team that exists tells these to anybody.
PUBLIC = (
    *("GET ~/profile", "GET ~/limits", "POST ~/registrations", "POST ~/registrations/confirm"),
    "POST ~/sign-in/{provider_id}",
)
NO_TOKEN = ("anonymous", "revoked token of B")
ORDER = {"GET": 0, "POST": 1, "PATCH": 2, "PUT": 3, "DELETE": 4}


@dataclass
class Try:
    """One caller at one route: what he asked for, what he got, and what is wrong with it."""

    caller: str
    asked: str
    status: int
    code: str
    verdict: str
    wrong: list[str] = field(default_factory=list)


@dataclass
class Row:
    """One route with all its tries."""

    route: str
    allow: str
    tries: list[Try] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """Every defect of this row, as a sentence."""
        return [f"{self.route} as {one.caller}, {one.asked}: {what}" for one in self.tries for what in one.wrong]


class Matrix:
    """Runs the tries of one stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        own, foreign = stage.a.things, stage.b.things
        self.ids = {
            "own": own,
            "foreign": foreign,
            "missing": {name: real if name in SHARED else absent(real) for name, real in foreign.items()},
        }
        self.rows: list[Row] = []

    def run(self, routes: list[Route]) -> list[Row]:
        """All of these routes, reads first and removals last, and the pages beside the table."""
        for page in PAGES:
            row = Row(f"GET {page}", "anyone")
            for caller, person in self.stage.callers.items():
                self._note(row, caller, "as it is", self._get(person, page))
            self.rows.append(row)
        for route in sorted(routes, key=lambda route: (ORDER[route.method], "{team_id}" not in route.path)):
            self.rows.append(self._row(route))
        return self.rows

    def _row(self, route: Route) -> Row:
        row = Row(short(route), route.allow.value)
        before = None if route.message.reads else self.stage.victim()
        for caller, person in self.stage.callers.items():
            for asked, first, second in self._pairs(route, caller):
                answer = self.fire(person, route, *first)
                one = self._note(row, caller, asked, answer)
                self._judge(one, route, answer)
                if second is not None:
                    self._compare(one, route, (answer, self.fire(person, route, *second)), (first, second))
            if person and caller not in NO_TOKEN and "{team_id}" not in route.path and not route.message.reads:
                self.stage.keep(person)
        if before is not None:
            self.stage.world.settle(None)
            if (after := self.stage.victim()) != before:
                changed = [name for name in before if before[name] != after[name]]
                row.tries[-1].wrong.append(f"somebody of this row changed what belongs to B: {changed}")
        return row

    def _pairs(self, route: Route, caller: str) -> list[tuple[str, Any, Any]]:
        """What to ask for: each a name, a request, and the one that has to be answered alike."""
        ids, team, nowhere = self.ids, self.stage.team.id, "no-such-team"
        in_path, in_fields = (
            [one for one in names if one not in SHARED]
            for names in (path_things(route).values(), field_things(route).values())
        )
        pairs: list[tuple[str, Any, Any]] = []
        if in_path or in_fields:
            theirs, nothing = ids["foreign"], ids["missing"]
            pairs.append(("foreign", (team, theirs, theirs), (team, nothing, nothing)))
        if in_path and in_fields:
            pairs.append(("foreign beside own", (team, ids["own"], ids["foreign"]), (team, ids["own"], ids["missing"])))
        if caller == "agent of another team" and "team_id" in route.path_names and short(route) not in PUBLIC:
            own = ids["own"]
            pairs.append(("foreign team", (team, own, own), (nowhere, own, own)))
        pairs.append(("own", (team, ids["own"], ids["own"]), None))
        return pairs

    def fire(
        self, person: Person | None, route: Route, team: str, in_path: dict[str, str], in_fields: dict[str, str]
    ) -> HttpAnswer:
        """One request."""
        path = route.path.replace("{team_id}", team)
        for name, thing in path_things(route).items():
            path = path.replace("{" + name + "}", in_path[thing])
        more: dict[str, Any] = {"headers": {"If-Match": "*"} if route.more.guarded else {}}
        if route.more.sends != "application/json":
            more["files"] = [("file", ("letmein.txt", b"let me in", "text/plain"))]
            more["form"] = {name: in_fields[thing] for name, thing in field_things(route).items()}
        elif route.in_query:
            told = fields(route, in_fields)
            words = [f"{name}={','.join(value) if isinstance(value, list) else value}" for name, value in told.items()]
            path += "?" + "&".join(words) if words else ""
        else:
            more["json"] = fields(route, in_fields)
        if person is None:
            return self.stage.world.http(route.method, path, **more)
        return person.http(route.method, path, **more)

    def _get(self, person: Person | None, path: str) -> HttpAnswer:
        return self.stage.world.http("GET", path) if person is None else person.get(path)

    # --- verdicts -----------------------------------------------------------------------------------------------------

    def _note(self, row: Row, caller: str, asked: str, answer: HttpAnswer) -> Try:
        code = ""
        if answer.headers.get("content-type") == "application/problem+json":
            code = str(answer.json()["code"])
        one = Try(caller, asked, answer.status, code, str(answer.status))
        if answer.status >= 500:
            one.wrong.append(f"a server error: {answer.body[:200]!r}")
        if sung := self.stage.canary.in_answer(answer):
            one.wrong.append(f"the answer tells B's {', '.join(sung)}")
        if "set-cookie" in answer.headers:
            one.wrong.append("the answer sets a cookie")
        if "://" in answer.headers.get("location", "") and answer.status != 302:
            one.wrong.append("the Location names a host")
        row.tries.append(one)
        return one

    def _judge(self, one: Try, route: Route, answer: HttpAnswer) -> None:
        open_to_all = route.allow in (Allow.ANYONE, Allow.KEY) or (
            route.allow is Allow.WELCOME and one.caller == "anonymous"
        )
        if one.caller in NO_TOKEN and not open_to_all and answer.status != 401:
            one.wrong.append("nobody who is not signed in gets past the gateway")
        if route.allow is Allow.OPERATOR and one.caller not in NO_TOKEN and answer.status != 403:
            one.wrong.append("only operators get past the gateway here")
        if one.asked in ("foreign", "foreign team") and path_things(route) and answer.status < 400 and answer.body:
            one.wrong.append("a foreign thing is shown")

    def _compare(self, one: Try, route: Route, answers: tuple[HttpAnswer, HttpAnswer], asked: Any) -> None:
        told = [essence(answer, request) for answer, request in zip(answers, asked, strict=True)]
        one.verdict = f"{one.status} ="
        if told[0] != told[1]:
            one.verdict = f"{answers[0].status} / {answers[1].status}"
            one.wrong.append(f"foreign and missing differ: {told[0]} is not {told[1]}")


def essence(answer: HttpAnswer, request: tuple[str, dict[str, str], dict[str, str]]) -> tuple[int, list[str], str]:
    """What an answer says, without what differs from any two requests and without the words of the request itself."""
    headers = sorted(answer.headers.keys() - {"date", "content-length"})
    body: Any = answer.body.decode("utf-8", "replace")
    if answer.headers.get("content-type", "").endswith("json"):
        data = answer.json() if answer.body else {}
        for name in ("request_id", "instance", "cursor", "next_cursor"):
            data.pop(name, None)
        body = repr(sorted(data.items()))
    team, in_path, in_fields = request
    for word in {team, *in_path.values(), *in_fields.values()}:
        body = body.replace(word, "<asked>")
    return answer.status, headers, body


# What is one's own, whoever one is: no role is asked for.
OWN = ("/v1/me", "/v1/sessions", "/v1/invitations/join", "~/drafts", "~/views", "/read-marker")


def writes_of_others() -> list[Route]:
    """The routes that change what is not the caller's alone."""
    routes = [route for route in ROUTES if not route.message.reads and route.allow is Allow.SIGNED_IN]
    return [route for route in routes if not any(part in short(route) for part in OWN)]


# Sending a draft makes it a case: what follows in the order finds no draft any more. Its journeys reach all of these.
AFTER_SENDING = ("PUT ~/drafts/{case_id}", "DELETE ~/drafts/{case_id}")


def controls(stage: Stage, matrix: Matrix) -> tuple[list[str], set[str]]:
    """The same with those who may: routes that nobody of them reaches (their tries proved nothing), and the canaries
    that were heard. Reads come first and removals last, because now they have effects."""
    people = (stage.b.member, stage.b.administrator, stage.agent, stage.operator)
    unreached, heard = [], set[str]()
    for route in sorted(ROUTES, key=lambda route: ORDER[route.method]):
        named = bool(path_things(route))
        if not (named or route.message.reads) or route.allow is Allow.ANYONE:  # a secret opens those, nobody's name
            continue
        found = []
        for person in people:
            answer = matrix.fire(person, route, stage.team.id, matrix.ids["foreign"], matrix.ids["foreign"])
            found.append(answer.status)
            heard.update(stage.canary.in_answer(answer))
        if named and set(found) <= {401, 404} and short(route) not in AFTER_SENDING:
            unreached.append(f"{short(route)}: {found}")
    return unreached, heard
