"""What accounts does: read, decide, write, record, return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Table, case, delete, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.accounts import queries, rules, secrets
from services.accounts.settings import Settings
from services.accounts.tables import (
    attempts,
    memberships,
    organizations,
    refresh_tokens,
    sessions,
    signing_keys,
    team_profiles,
    teams,
    users,
)
from services.chassis.ids import new_id
from services.chassis.messages import Event
from services.chassis.problems import Conflict, Unauthenticated
from services.chassis.settings import SettingsError
from services.chassis.unit_of_work import UnitOfWork, Work
from services.contracts import accounts as c

Fields = Mapping[str, Any]


# --- sessions --------------------------------------------------------------------------------------------------------


def sign_in(uow: UnitOfWork, ask: c.SignIn) -> c.SessionView:
    """Raises 401 ``wrong_credentials`` (the same for unknown names, after the same work) and 429
    ``too_many_attempts``."""
    login = rules.fold(ask.login)
    _count_attempt(uow, login)
    person = queries.person_by_login(uow, login)
    password_fits = secrets.fits(person["password_hash"] if person else secrets.NOBODY, ask.password)
    if person is None or not password_fits:
        raise rules.Refused("wrong_credentials", "User name or password is wrong.")
    uow.run(delete(attempts).where(attempts.c.login_hash == secrets.digest(login)))
    if secrets.is_outdated(person["password_hash"]):
        _set_password(uow, person["id"], ask.password)
    session = {
        "id": new_id("ses"),
        "user_id": person["id"],
        "device": ask.device or "",
        "created_at": uow.now,
        "last_used_at": uow.now,
        "expires_at": rules.expiry(uow.now, uow.now),
    }
    uow.run(insert(sessions).values(session))
    return _with_tokens(uow, session["id"], person)


def _count_attempt(uow: UnitOfWork, login: str) -> None:
    """Counted before the password is looked at, and the row stays locked until the outcome is known: a thousand
    guesses at once get no more looks than the same number one after another."""
    new_window = attempts.c.since <= uow.now - rules.ATTEMPT_WINDOW
    counted = (
        upsert(attempts)
        .values(login_hash=secrets.digest(login), failures=1, since=uow.now)
        .on_conflict_do_update(
            index_elements=[attempts.c.login_hash],
            set_={
                "failures": case((new_window, 1), else_=attempts.c.failures + 1),
                "since": case((new_window, uow.now), else_=attempts.c.since),
            },
        )
        .returning(attempts.c.failures, attempts.c.since)
    )
    [row] = uow.all(counted)
    rules.must_not_be_throttled(row.failures, row.since, uow.now)


def refresh_session(uow: UnitOfWork, ask: c.RefreshSession) -> c.SessionView:
    """Raises 401 ``session_ended``: unknown, expired, ended - or spent, and then the session ends too, because one of
    the two who used the token is a thief."""
    token_hash = secrets.digest(ask.refresh_token)
    session = queries.session_of_token(uow, token_hash)
    if session is None or not rules.alive(session, uow.now):
        raise Unauthenticated("session_ended", "This session has ended. Sign in again.")
    if session["spent_at"] is not None:
        _end(uow, session["id"])
        raise rules.Refused("session_ended", "This session has ended. Sign in again.")
    uow.run(update(refresh_tokens).where(refresh_tokens.c.hash == token_hash).values(spent_at=uow.now))
    living = {"last_used_at": uow.now, "expires_at": rules.expiry(session["created_at"], uow.now)}
    uow.run(update(sessions).where(sessions.c.id == session["id"]).values(living))
    return _with_tokens(uow, session["id"], queries.person(uow, session["user_id"]))


def end_session(uow: UnitOfWork, ask: c.EndSession) -> c.DoneView:
    """Ending it twice is done, too. Raises NotFound for a session that is not mine."""
    rules.must_be_known(uow.actor)
    wanted = uow.actor.session_id if ask.session_id == "current" else ask.session_id
    _end(uow, queries.session(uow, wanted)["id"])
    return c.DoneView()


def _end(uow: UnitOfWork, session_id: str) -> None:
    living = sessions.c.ended_at.is_(None)
    uow.run(update(sessions).where(sessions.c.id == session_id, living).values(ended_at=uow.now))


def _with_tokens(uow: UnitOfWork, session_id: str, person: Fields) -> c.SessionView:
    token = secrets.new_refresh_token()
    uow.run(insert(refresh_tokens).values(hash=secrets.digest(token), session_id=session_id))
    return c.SessionView(
        id=session_id,
        access_token=secrets.access_token(person["id"], session_id, person["operator"], uow.now),
        token_type="Bearer",  # noqa: S106 - the name of the scheme
        expires_seconds=rules.ACCESS_SECONDS,
        refresh_token=token,
        user=queries.user_view(person["id"], person["name"], person),
    )


def _set_password(uow: UnitOfWork, user_id: str, password: str) -> None:
    uow.run(update(users).where(users.c.id == user_id).values(password_hash=secrets.hash_password(password)))


# --- teams and organizations -----------------------------------------------------------------------------------------


def apply_profile(uow: UnitOfWork, ask: c.ApplyProfile) -> c.TeamView:
    """Every profile ever applied is kept; applying the present one again changes nothing. Raises Forbidden for all but
    operators, Invalid with a pointer per fault, 412 when If-Match names another version."""
    rules.must_be_known(uow.actor)
    rules.permit(uow.actor.kind == "operator")
    rules.must_be_a_profile(ask.profile, ask.team_id)
    said = {"name": ask.profile["name"], "locale": ask.profile["locale"]}
    founding = {"id": ask.team_id, "profile_version": 0, "created_at": uow.now, **said}
    uow.run(upsert(teams).values(founding).on_conflict_do_nothing())
    team = queries.team_to_change(uow, ask.team_id)
    if team is None:  # pragma: no cover - an operator sees every team
        raise Conflict("conflict", "The team went away.")
    uow.must_match(team["profile_version"])
    present = queries.profile_of(uow, ask.team_id)
    if present is not None and present["profile"] == ask.profile:
        return queries.team_view(team)
    team = {**team, **said, "profile_version": team["profile_version"] + 1}
    uow.run(update(teams).where(teams.c.id == ask.team_id).values(**said, profile_version=team["profile_version"]))
    version = {
        "team_id": ask.team_id,
        "version": team["profile_version"],
        "profile": ask.profile,
        "applied_by": uow.actor.user_id,
        "applied_at": uow.now,
    }
    uow.run(insert(team_profiles).values(version))
    uow.record(_team_changed({**team, "profile": ask.profile}))
    return queries.team_view(team)


def add_organization(uow: UnitOfWork, ask: c.AddOrganization) -> c.OrganizationView:
    """Raises NotFound for a foreign team, Forbidden for all but operators and the staff's admins and leads."""
    rules.permit(queries.standing(uow, ask.team_id).leads)
    organization = {
        "id": new_id("org"),
        "team_id": ask.team_id,
        "name": ask.name,
        "sort_name": rules.sort_name(ask.name),
        "kind": ask.kind,
        "products": ask.products,
        "version": 1,
        "created_at": uow.now,
    }
    uow.run(insert(organizations).values(organization))
    uow.record(_organization_changed(organization))
    return queries.organization_view(organization)


# --- people ----------------------------------------------------------------------------------------------------------


def add_user(uow: UnitOfWork, ask: c.AddUser) -> c.MembershipView:
    """A person who is known by both names gains a membership and keeps his password. Raises NotFound, Forbidden, and
    Conflict ``user_name_taken``, ``email_taken`` or ``already_member``."""
    standing = queries.standing(uow, ask.team_id)
    organization = queries.organization(uow, ask.team_id, ask.organization_id)
    rules.permit(standing.manages_people_of(ask.organization_id))
    place = {
        "team_id": ask.team_id,
        "organization_id": ask.organization_id,
        "organization_name": organization["name"],
        "role": ask.role,
        "permissions": ask.permissions,
    }
    return _join(uow, _person(uow, ask), place)


def add_agent(uow: UnitOfWork, ask: c.AddAgent) -> c.MembershipView:
    """The same for the team's own staff, by operators and the staff's admins."""
    rules.permit(queries.standing(uow, ask.team_id).manages_people_of(None))
    place: Fields = {
        "team_id": ask.team_id,
        "organization_id": None,
        "organization_name": None,
        "role": ask.role,
        "permissions": [],
    }
    return _join(uow, _person(uow, ask), place)


def _person(uow: UnitOfWork, ask: c.AddUser | c.AddAgent) -> Fields:
    """The person with both names, registered now when nobody has either."""
    keys = (rules.fold(ask.user_name), rules.fold(ask.email))
    known = rules.same_person(queries.people_known_as(uow, *keys), *keys)
    if known is not None:
        return known
    made = _new_person(ask, keys, secrets.hash_password(ask.password), uow)
    if uow.run(upsert(users).values(made).on_conflict_do_nothing()):
        return made
    # Somebody was faster by a moment; now he can be seen.
    known = rules.same_person(queries.people_known_as(uow, *keys), *keys)
    if known is None:  # pragma: no cover - people are never deleted
        raise Conflict("user_name_taken", "Somebody else has this user name.")
    return known


def _new_person(
    ask: c.AddUser | c.AddAgent, keys: tuple[str, str], password_hash: str, uow: UnitOfWork
) -> dict[str, Any]:
    return {
        "id": new_id("user"),
        "user_name": ask.user_name,
        "user_name_key": keys[0],
        "email": ask.email,
        "email_key": keys[1],
        "name": ask.name,
        "locale": ask.locale,
        "password_hash": password_hash,
        "operator": False,
        "created_at": uow.now,
    }


def _join(uow: UnitOfWork, person: Fields, place: Fields) -> c.MembershipView:
    row = {
        "id": new_id("mem"),
        "user_id": person["id"],
        "active": True,
        "sort_name": rules.sort_name(person["name"]),
        "version": 1,
        "created_at": uow.now,
        **{name: value for name, value in place.items() if name != "organization_name"},
    }
    if not uow.run(upsert(memberships).values(row).on_conflict_do_nothing()):
        raise Conflict("already_member", "This person has a membership here already; change that one.")
    shown = {name: person[name] for name in ("user_name", "email", "locale")}
    membership = {**row, **shown, "person_name": person["name"], "organization_name": place["organization_name"]}
    uow.record(_membership_changed(membership))
    return queries.membership_view(membership)


def change_membership(uow: UnitOfWork, ask: c.ChangeMembership) -> c.MembershipView:
    """What is left out stays. Raises NotFound, Forbidden, Invalid for a role that does not exist there, 412, and
    Conflict ``last_administrator``."""
    standing = queries.standing(uow, ask.team_id)
    membership = queries.membership(uow, ask.team_id, ask.membership_id)
    organization_id = membership["organization_id"]
    rules.permit(standing.manages_people_of(organization_id))
    if organization_id is not None:  # first the organization, so that its last two administrators cannot both leave
        queries.organization(uow, ask.team_id, organization_id, to_change=True)
    membership = queries.membership(uow, ask.team_id, ask.membership_id, to_change=True)
    uow.must_match(membership["version"])
    wanted = {"role": ask.role, "permissions": ask.permissions, "active": ask.active}
    changes = rules.membership_changes(membership, wanted)
    if not changes:
        return queries.membership_view(membership)
    if rules.leaves_the_office(membership, changes):
        himself = membership["user_id"] == uow.actor.user_id
        rules.must_leave_an_administrator(
            himself, queries.other_administrators(uow, organization_id, ask.membership_id)
        )
    changes["version"] = membership["version"] + 1
    uow.run(update(memberships).where(memberships.c.id == ask.membership_id).values(changes))
    # Not read again: who has just deactivated himself could not see it any more.
    membership = {**membership, **changes}
    uow.record(_membership_changed(membership))
    return queries.membership_view(membership)


# --- facts for the neighbours ----------------------------------------------------------------------------------------


def _team_changed(row: Fields) -> c.TeamChanged:
    return c.TeamChanged(
        team_id=row["id"], name=row["name"], profile=row["profile"], fact_version=row["profile_version"]
    )


def _organization_changed(row: Fields) -> c.OrganizationChanged:
    return c.OrganizationChanged(
        team_id=row["team_id"],
        organization_id=row["id"],
        name=row["name"],
        kind=row["kind"],
        products=list(row["products"]),
        fact_version=row["version"],
    )


def _membership_changed(row: Fields) -> c.MembershipChanged:
    return c.MembershipChanged(
        membership_id=row["id"],
        team_id=row["team_id"],
        organization_id=row["organization_id"],
        role=row["role"],
        permissions=list(row["permissions"]),
        active=row["active"],
        user_id=row["user_id"],
        user_name=row["user_name"],
        name=row["person_name"],
        email=row["email"],
        locale=row["locale"],
        fact_version=row["version"],
    )


_FACTS: tuple[tuple[Table, Callable[[Fields], Event]], ...] = (
    (teams, _team_changed),
    (organizations, _organization_changed),
    (memberships, _membership_changed),
)


def republish(uow: UnitOfWork, table: Table, after: str = "") -> str | None:
    """Tell the next batch of facts again, as they are and under the version they have; who knows them ignores them.
    Returns the id to go on after, None at the end."""
    tell = dict(_FACTS)[table]
    rows = queries.facts_after(uow, table, after)
    for row in rows:
        uow.record(tell(row))
    return rows[-1]["id"] if rows else None


def republish_all(work: Work, settings: Settings) -> None:
    """``python -m services.accounts republish``: for a neighbour that lost its copy. One transaction per batch."""
    for table, _ in _FACTS:
        after: str | None = ""
        while after is not None:
            with work.writing() as uow:
                after = republish(uow, table, after)


# --- the installation ------------------------------------------------------------------------------------------------


def prepare(work: Work, settings: Settings) -> None:
    """At every start: a signing key for this process, and the operator's account. Raises SettingsError."""
    if len(settings.secret_key) < 32:
        raise SettingsError("CASEWORK_SECRET_KEY is too short: it needs at least 32 random characters.")
    with work.writing() as uow:
        queries.lock_installation(uow)
        _ensure_signing_key(uow, settings)
        if settings.operator_name and settings.operator_password:
            _ensure_operator(uow, settings)


def _ensure_signing_key(uow: UnitOfWork, settings: Settings) -> None:
    key = queries.newest_signing_key(uow)
    if key is None:
        key = secrets.new_signing_key(settings.secret_key)
        row = {"id": key.id, "public": key.public, "locked_private": key.locked_private, "created_at": uow.now}
        uow.run(insert(signing_keys).values(row))
    secrets.install(key, settings.secret_key, settings.public_url.rstrip("/"))


def _ensure_operator(uow: UnitOfWork, settings: Settings) -> None:
    name, password, email = settings.operator_name, settings.operator_password, settings.operator_email
    person = queries.person_by_login(uow, rules.fold(name))
    if person is None:
        made = c.AddAgent(team_id="-", user_name=name, email=email, name=name, password=password)
        keys = (rules.fold(name), rules.fold(email))
        row = _new_person(made, keys, secrets.hash_password(password), uow)
        uow.run(insert(users).values(row | {"operator": True}))
    elif not person["operator"]:  # a name an organization's administrator chose must not come to power by a restart
        raise SettingsError(f"CASEWORK_OPERATOR_NAME: {name} belongs to a person who is no operator. Choose another.")
    elif not secrets.fits(person["password_hash"], password):
        _set_password(uow, person["id"], password)
        mine = (sessions.c.user_id == person["id"]) & sessions.c.ended_at.is_(None)
        uow.run(update(sessions).where(mine).values(ended_at=uow.now))


def purge(uow: UnitOfWork) -> None:
    """A timer: forget sessions past their time (their tokens go with them) and failures nobody counts any more."""
    uow.run(delete(sessions).where(sessions.c.id.in_(queries.dead_sessions(uow))))
    uow.run(delete(attempts).where(attempts.c.login_hash.in_(queries.old_attempts(uow))))
