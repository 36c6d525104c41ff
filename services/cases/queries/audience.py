"""Who would see what is about to be said, and who would be mailed. What is told here is what the event will say."""

from __future__ import annotations

from typing import Any, get_args

from sqlalchemy import ARRAY, Boolean, DateTime, Text, and_, any_, bindparam, cast, exists, null, or_, select

from services.cases import rules
from services.cases.queries.people import standings
from services.cases.queries.sight import hidden, organization, team
from services.cases.queries.single import one, onlookers, with_people
from services.cases.rules import Reader, Round
from services.cases.tables import cases, followers, organizations, teams, untold
from services.chassis.problems import Forbidden, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c
from services.contracts.cases import Visibility

_SUPPOSED: dict[str, Visibility] = {word: word for word in get_args(Visibility)}


def read_audience(uow: UnitOfWork, ask: c.ReadAudience) -> c.ReadersView:
    """The audience of a comment before it is sent; one statement. Raises NotFound, Forbidden for an internal one."""
    reader = with_people(uow, ask)
    internal = ask.visibility == "internal"
    if internal and not reader.standing.staff:
        raise Forbidden("not_permitted", "Internal comments are for the team's staff.")
    if (supposed := _SUPPOSED.get(ask.visibility)) is not None:
        reader.case.visibility = supposed
    told = rules.round_of_comment(reader.standing.side, internal=internal)
    return readers_view(reader, told, uow.actor.user_id, internal=internal)


def readers_view(reader: Reader, told: Round, author: str, *, internal: bool = False) -> c.ReadersView:
    """The readers of a case, and those of them who would be mailed of this round."""
    case, names = reader.case, names_around(reader)
    seen = [] if internal else rules.involved(reader)
    heard = rules.audience_of(reader, told, internal=internal, author=author)
    mailed = heard.tell if rules.mails_comments(reader.policy) and not internal else []
    return c.ReadersView(
        visibility=case.visibility,
        organization=case.visibility == "organization" and not internal,
        people=[c.PersonView(id=user_id, name=names[user_id]) for user_id in seen],
        mailed=[c.PersonView(id=user_id, name=names[user_id]) for user_id in mailed if user_id in seen],
        staff_mailed=any(user_id in reader.desk for user_id in mailed),
    )


def names_around(reader: Reader) -> dict[str, str]:
    """Names of those of the customer's side whom the case names."""
    case = reader.case
    pairs = ((case.created_by, case.created_by_name), (case.contact_id, case.contact_name))
    return dict([*pairs, (case.owner_id, case.owner_name), *reader.followers])


def list_followers(uow: UnitOfWork, ask: c.ListFollowers) -> c.FollowersView:
    """In the order in which they came. Raises NotFound."""
    reader = one(uow, ask)
    return c.FollowersView(data=[c.PersonView(id=user_id, name=name) for user_id, name in reader.followers])


MOST_COUNTED = 100
# Of these he hears the number alone, so this does not begin at ``visible``.
_HIDDEN = (
    select(cases.c.id)
    .where(
        cases.c.organization_id == organization,
        cases.c.team_id == team,
        hidden(),
    )
    .limit(MOST_COUNTED + 1)
)


def read_hidden_cases(uow: UnitOfWork, ask: c.ReadHiddenCases) -> c.HiddenView:
    """Raises NotFound for who is no member there, Forbidden (``not_permitted``, ``not_offered``)."""
    places, policy = standings(uow, ask.team_id)
    at_home = [place for place in places if place.organization_id == ask.organization_id]
    if not at_home:
        raise NotFound()
    rules.must_hear_of_hidden(at_home[0], policy)
    found = uow.all(_HIDDEN, {"me": uow.actor.user_id, **vars(ask)})
    return c.HiddenView(count=min(len(found), MOST_COUNTED), more=len(found) > MOST_COUNTED)


# --- audiences that change by themselves: a product comes or goes, and with it what following is worth ----------------

MOST_AT_ONCE = 100
_followed = exists().where(followers.c.case_id == cases.c.id)
_concerned = select(cases.c.id).where(cases.c.visibility == "participants", cases.c.product.is_not(None), _followed)
_old = organizations.alias("old")
_new: Any = bindparam("products", type_=ARRAY(Text))
# To be asked before the new fact is written down. Nothing is asked for an organization or a team that is new.
OF_ORGANIZATION = _concerned.where(
    cases.c.organization_id == bindparam("organization_id"),
    _old.c.organization_id == cases.c.organization_id,
    (any_(_old.c.products) == cases.c.product) != (any_(_new) == cases.c.product),
)
_other_rule = teams.c.profile["followers"]["need_product"].as_boolean() != bindparam("need_product", type_=Boolean())
OF_TEAM = _concerned.where(cases.c.team_id == bindparam("team_id"), teams.c.team_id == cases.c.team_id, _other_rule)
_at: Any = bindparam("at", type_=DateTime(timezone=True))
# What a second look needs to know of the same two facts.
LOOK_AGAIN_HERE = select(_old.c.organization_id, _old.c.products + _new, _at).where(
    _old.c.organization_id == bindparam("organization_id"), _old.c.products != _new
)
LOOK_AGAIN_AT_ALL = select(teams.c.team_id, cast(null(), ARRAY(Text)), _at).where(
    teams.c.team_id == bindparam("team_id"), _other_rule
)

_wanted = {name: any_(bindparam(name, type_=ARRAY(Text))) for name in ("organizations", "products", "teams")}
SECOND_LOOK = _concerned.where(
    or_(
        and_(cases.c.organization_id == _wanted["organizations"], cases.c.product == _wanted["products"]),
        cases.c.team_id == _wanted["teams"],
    )
)
_UNTOLD = select(untold.c.case_id).limit(MOST_AT_ONCE)


def untold_audiences(uow: UnitOfWork) -> list[Reader]:
    """Cases whose audience has to be told anew, locked; those that somebody is changing now are left for later."""
    ids = [row.case_id for row in uow.all(_UNTOLD)]
    return onlookers(uow, ids) if ids else []
