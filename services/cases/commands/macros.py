"""Macros: whoever answers cases may prepare them; what they do, each must be allowed to do himself."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import delete, insert, update

from services.cases import queries, rules
from services.cases.commands import acts
from services.cases.commands.routing import wish
from services.cases.commands.saving import together
from services.cases.rules import Reader
from services.cases.tables import macros
from services.chassis.ids import new_id
from services.chassis.problems import Forbidden, Invalid, NotFound, Problem
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

LONGEST = 65_536  # characters of a body with its places filled in


def add_macro(uow: UnitOfWork, ask: c.AddMacro) -> c.MacroView:
    """Raises NotFound, Forbidden, Invalid ``/actions/0/body`` and the like."""
    policy = queries.must_be_staff(uow, ask.team_id, "case.answer", whole_profile=True)
    _check(uow, ask.team_id, policy, ask.actions)
    made = c.MacroView(id=new_id("macro"), name=ask.name, actions=ask.actions, version=1)
    uow.run(insert(macros).values(team_id=ask.team_id, **made.dump()))
    return made


def change_macro(uow: UnitOfWork, ask: c.ChangeMacro) -> c.MacroView:
    """Raises NotFound, Forbidden, 412, 428, Invalid."""
    policy = queries.must_be_staff(uow, ask.team_id, "case.answer", whole_profile=True)
    known = queries.macro(uow, ask.team_id, ask.macro_id, to_change=True)
    uow.must_match(known.version)
    said = replace(known, name=ask.name or known.name, actions=ask.actions or known.actions)
    if said == known:
        return known
    if said.actions != known.actions:
        _check(uow, ask.team_id, policy, said.actions)
    changed = replace(said, version=known.version + 1)
    uow.run(update(macros).where(macros.c.id == known.id).values(**changed.dump()))
    return changed


def remove_macro(uow: UnitOfWork, ask: c.RemoveMacro) -> c.DoneView:
    """Removing what is gone is done. Raises NotFound for a foreign team, Forbidden, 412, 428."""
    queries.must_be_staff(uow, ask.team_id, "case.answer")
    try:
        known = queries.macro(uow, ask.team_id, ask.macro_id, to_change=True)
    except NotFound:
        return c.DoneView()
    uow.must_match(known.version)
    uow.run(delete(macros).where(macros.c.id == known.id))
    return c.DoneView()


def _check(uow: UnitOfWork, team_id: str, policy: rules.Policy, actions: list[c.MacroLine]) -> None:
    people = [action.assignee_id for action in actions if action.assignee_id]
    piles = [action.queue_id for action in actions if action.queue_id]
    known = queries.known_to(uow, team_id, people, piles) if people or piles else (set[str](), set[str]())
    rules.check_macro(policy, actions, *known)


def apply_macro(uow: UnitOfWork, ask: c.ApplyMacro) -> c.CaseView:
    """Raises NotFound (case or macro), Forbidden, PreconditionFailed, and whatever one of its acts raises."""
    reader = queries.one(uow, ask, to_change=True)
    uow.must_match(reader.case.version)
    carry_out(uow, reader, ask)
    return queries.view(uow, reader)


def carry_out(uow: UnitOfWork, reader: Reader, ask: c.ApplyMacro) -> None:
    """The same on a case that is held already."""
    if not reader.standing.staff:
        raise Forbidden("not_permitted", "Macros are for the team's staff.")
    hands = any(rules.asks_for_hands(reader.policy["routing"], favourite) for favourite in (None, wish(reader)))
    kept, reader.known = queries.macro_at_hand(uow, reader.case, ask.macro_id, hands=hands)
    places = rules.values_of(reader)
    with together(uow, reader):
        for place, action in enumerate(kept.actions):
            try:
                acts.do(uow, reader, action.action, _filled_in(action, places))
            except Problem as problem:
                problem.extra |= {"action": place}
                raise


def _filled_in(action: c.MacroLine, places: dict[str, str]) -> dict[str, Any]:
    said = asdict(action)
    if action.body is not None:
        said["body"] = rules.filled_in(action.body, places)
        if len(said["body"]) > LONGEST:
            raise Invalid.field("/body", "length", "With its places filled in, a body of this macro is too long.")
    return said
