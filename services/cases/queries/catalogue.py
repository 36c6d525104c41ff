"""What a case may be, for the caller and the organization he asks for."""

from __future__ import annotations

from services.cases import rules
from services.cases.queries.people import agreed, standings
from services.cases.rules import Agreed, Policy, Standing
from services.chassis.problems import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c
from services.contracts.terms import MoneyView, PriorityMeaningView, TargetsView


def list_types(uow: UnitOfWork, ask: c.ListTypes) -> c.TypeList:
    """Raises NotFound for a team or an organization that is not his."""
    _, profile, held = _asked_for(uow, ask.team_id, ask.organization_id)
    return c.TypeList(
        data=[
            c.TypeView(
                key=kind["key"],
                name=kind["name"],
                description=kind["description"],
                charge=held.charge(kind),  # type: ignore[arg-type]  # the profile's schema and the contract say which
                fee=_money(held.fee(kind)),
            )
            for kind in profile["types"]
        ]
    )


def read_form(uow: UnitOfWork, ask: c.ReadForm) -> c.FormView:
    """Raises NotFound, for a type the team does not have as well."""
    staff, profile, held = _asked_for(uow, ask.team_id, ask.organization_id)
    kind = rules.type_of(profile, ask.type)
    form = rules.form_schema(profile, kind, held, staff=staff)
    return c.FormView(type=kind["key"], name=kind["name"], description=kind["description"], form=form)


def list_topics(uow: UnitOfWork, ask: c.ListTopics) -> c.TopicList:
    """Raises NotFound, for a parent that is not there as well."""
    _, profile = standings(uow, ask.team_id, whole_profile=True)
    return c.TopicList(
        data=[
            c.TopicView(
                key=topic["key"],
                path=topic["path"],
                name=topic["name"],
                description=topic.get("description"),
                children=bool(topic.get("children")),
            )
            for topic in rules.topics_below(profile, ask.parent)
        ]
    )


def list_priorities(uow: UnitOfWork, ask: c.ListPriorities) -> c.PriorityList:
    """By rank. Raises NotFound for a team or an organization that is not his."""
    staff, profile, held = _asked_for(uow, ask.team_id, ask.organization_id)
    if not staff and not profile["priority"]["customer_sets"]:
        return c.PriorityList(data=[])
    return c.PriorityList(
        data=[
            PriorityMeaningView(
                key=priority["key"],
                name=priority["name"],
                rank=priority["rank"],
                meaning=held.meaning(priority),
                default=priority["key"] == profile["priority"]["default"],
                targets=TargetsView.load(dict(held.targets(priority))),
            )
            for priority in sorted(profile["priorities"], key=lambda one: int(one["rank"]))
        ]
    )


def _asked_for(uow: UnitOfWork, team_id: str, organization_id: str | None) -> tuple[bool, Policy, Agreed]:
    """Whether the caller is of the staff, the profile, and what the organization in question holds (nothing of its own
    when it is not clear which one)."""
    places, profile = standings(uow, team_id, whole_profile=True)
    staff = any(place.staff for place in places)
    chosen = organization_id or _only(places)
    if not staff and organization_id and all(place.organization_id != organization_id for place in places):
        raise NotFound()
    if chosen is None:
        return staff, profile, Agreed([product["key"] for product in profile["products"]] if staff else [])
    return staff, profile, agreed(uow, team_id, chosen)


def _only(places: list[Standing]) -> str | None:
    own = [place.organization_id for place in places if place.organization_id is not None]
    return own[0] if len(own) == 1 else None


def _money(amount: dict[str, str] | None) -> MoneyView | None:
    return MoneyView(**amount) if amount else None
