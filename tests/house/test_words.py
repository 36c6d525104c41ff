"""The three tables agree: every word has its line, every line its word."""

from __future__ import annotations

import importlib
import inspect
from types import ModuleType
from typing import Any

import pytest

from gateway.routes import ROUTES
from services.chassis.entrypoints import EventLine, RpcLine, event_lines, lines_of, rpc_lines
from services.chassis.messages import Event, Message, Request, View

SERVICES = ("accounts", "cases", "files", "notifications")
ABSTRACT = {"AccountEvent", "CaseEvent", "DraftEvent", "FileEvent", "QuoteEvent"}
HEARD_BY_THE_GATEWAY = {"FeedAppended", "PrincipalsChanged", "SessionEnded", "TokenRevoked"}
# Asked by the mailroom and by the gateway itself, never by a client.
ASKED_FROM_WITHIN = {
    "FindPeople",
    "FileUploads",
    "ReadForecast",
    "ReadProfileWithout",
    "TakeMail",
    "UseToken",
    "ReadRevocations",
}


def words_of(name: str) -> ModuleType:
    return importlib.import_module(f"services.contracts.{name}")


def service_of(name: str) -> type:
    found: type = importlib.import_module(f"services.{name}.service").Service
    return found


def declared(module: ModuleType, kind: type[Message]) -> list[Any]:
    return [
        word
        for word in vars(module).values()
        if inspect.isclass(word) and issubclass(word, kind) and f"{word.__module__}.".startswith(f"{module.__name__}.")
    ]


@pytest.mark.parametrize("name", SERVICES)
def test_every_request_is_answered_by_exactly_one_line_of_its_own_service(name: str) -> None:
    lines = [line for line in lines_of(service_of(name)).values() if isinstance(line, RpcLine)]
    assert sorted(line.message.__name__ for line in lines) == sorted(
        w.__name__ for w in declared(words_of(name), Request)
    )


@pytest.mark.parametrize("name", SERVICES)
def test_a_line_is_named_like_its_message_and_its_function(name: str) -> None:
    for attribute, line in lines_of(service_of(name)).items():
        if isinstance(line, RpcLine):
            assert attribute == line.verb
            assert line.do.__name__ == line.verb, f"{line.verb} leads to {line.do.__name__}"


@pytest.mark.parametrize("name", SERVICES)
def test_reads_lead_to_queries_and_commands_to_commands(name: str) -> None:
    for line in lines_of(service_of(name)).values():
        if isinstance(line, RpcLine):
            kind = "queries" if line.message.reads else "commands"
            assert kind in line.do.__module__, f"{line.verb} is in {line.do.__module__}"


def test_every_event_is_heard_by_someone() -> None:
    heard = {(source, kind) for name in SERVICES for source, kind in event_lines(service_of(name))}
    for name in SERVICES:
        for word in declared(words_of(name), Event):
            if word.__name__ not in ABSTRACT | HEARD_BY_THE_GATEWAY:
                assert (name, word.wire_name) in heard, f"nobody hears {word.__name__}"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_hears_only_events_that_their_source_declares(name: str) -> None:
    lines = [line for line in lines_of(service_of(name)).values() if isinstance(line, EventLine)]
    for line in lines:
        assert line.message in declared(words_of(line.source), Event)
    assert len(event_lines(service_of(name))) == len(lines), "one event is heard on two lines"


def test_every_request_has_a_route_or_is_asked_from_within() -> None:
    routed = {route.message.__name__ for route in ROUTES}
    asked = {word.__name__ for name in SERVICES for word in declared(words_of(name), Request)}
    assert asked - routed <= ASKED_FROM_WITHIN


def test_every_route_leads_to_the_service_that_answers_its_message() -> None:
    for route in ROUTES:
        if route.service == "gateway":  # put together from several services; its words are the gateway's own
            assert route.more.do is not None
        else:
            assert route.message.wire_name in rpc_lines(service_of(route.service)), route


@pytest.mark.parametrize("name", SERVICES)
def test_every_word_says_what_it_means(name: str) -> None:
    for word in declared(words_of(name), Message):
        told = word.__doc__ or word.__name__ + "("
        assert not told.startswith(word.__name__ + "("), f"{word.__name__} has no docstring"


@pytest.mark.parametrize("name", SERVICES)
def test_names_follow_the_grammar(name: str) -> None:
    module = words_of(name)
    for word in declared(module, Event):
        assert word.__name__ in ABSTRACT or word.__name__.endswith(("ed", "Given", "Withdrawn")), word.__name__
    for word in declared(module, View):
        assert word.__name__.endswith(("View", "Page", "Line", "List")), word.__name__
