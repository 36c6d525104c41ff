"""Who may see which case: the one place that knows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Select, Text, and_, any_, bindparam, exists, literal, or_, select

from services.cases.tables import cases, followers, memberships, organizations, teams

me: ColumnElement[str] = bindparam("me", type_=Text())
team: ColumnElement[str] = bindparam("team_id", type_=Text())
organization: ColumnElement[str] = bindparam("organization_id", type_=Text())
READS, READS_ALL = literal("case.read", Text()), literal("case.read_all", Text())
mine = memberships.alias("mine")
# What of a profile decides about a case that exists; the long rest stays in the database.
POLICY = teams.c.profile.op("-")(
    literal(["types", "topics", "products", "help", "labels", "guidance", "clocks", "calendars"], ARRAY(Text))
).label("policy")

_customer, _team = organizations.alias("customer"), teams.alias("its_team")
_held = exists().where(
    _customer.c.organization_id == cases.c.organization_id, any_(_customer.c.products) == cases.c.product
)
_not_asked = exists().where(
    _team.c.team_id == cases.c.team_id, _team.c.profile["followers"]["need_product"].as_boolean().is_(False)
)
# Whether following the case lets somebody see it: not without access to its product, where the team wants that.
FOLLOWABLE = or_(cases.c.product.is_(None), _held, _not_asked)


def visible(*columns: Any, side: str | None = None) -> Select[Any]:
    """The cases ``me`` may see in ``team_id``: the one place that knows.

    Staff with ``case.read_all`` see every case of their team. A customer sees cases of organizations he is an active
    member of, with ``case.read``: ``organization`` all of them; ``participants`` as creator, contact, owner or
    follower with access to the product; ``private`` as creator or contact. Private beats every customer-side role. A
    missing fact hides.

    The caller's standing is looked up along with the case. A list that has just looked it up names the ``side``, and
    for a customer his ``organization_id`` among the values: joined with memberships, the planner would sort every
    case of the organization instead of walking an index to the page (28 ms against 2 with 10,000 cases).
    """
    following = exists().where(followers.c.case_id == cases.c.id, followers.c.user_id == me)
    shown = or_(
        cases.c.visibility == "organization",
        cases.c.created_by == me,
        cases.c.contact_id == me,
        and_(cases.c.visibility == "participants", or_(cases.c.owner_id == me, and_(following, FOLLOWABLE))),
    )
    seen = select(*columns).where(cases.c.team_id == team)
    if side is not None:
        return seen if side == "support" else seen.where(cases.c.organization_id == organization, shown)
    at_home = and_(mine.c.organization_id == cases.c.organization_id, any_(mine.c.permissions) == READS)
    my_place = and_(mine.c.user_id == me, mine.c.team_id == team, mine.c.active)
    on_the_desk = and_(mine.c.organization_id.is_(None), any_(mine.c.permissions) == READS_ALL)
    return seen.where(my_place, or_(on_the_desk, and_(at_home, shown)))


def hidden() -> ColumnElement[bool]:
    """The private cases that ``visible`` keeps from ``me``: those of others. For their number only."""
    return and_(cases.c.visibility == "private", cases.c.created_by != me, cases.c.contact_id != me)
