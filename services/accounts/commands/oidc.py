"""Signing in at a provider: what the team set up, the way there and back, and who comes in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import and_, delete, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.accounts import provider, queries, rules, secrets
from services.accounts.commands import codes
from services.accounts.commands.attempts import count, forget
from services.accounts.commands.invitations import join_by, place_of
from services.accounts.commands.people import join, new_login
from services.accounts.commands.sessions import end_sessions, open_session
from services.accounts.notes import note
from services.accounts.rules.oidc import Proof
from services.accounts.tables import begun_sign_ins, identities, identity_providers, sessions, users
from services.chassis.actor import Context
from services.chassis.ids import new_id
from services.chassis.messages import ABSENT
from services.chassis.problems import Conflict, Invalid, NotFound, Unauthenticated
from services.chassis.unit_of_work import UnitOfWork, Work
from services.contracts import accounts as c

Fields = Mapping[str, Any]


def add_provider(uow: UnitOfWork, ask: c.AddProvider) -> c.ProviderView:
    """Raises NotFound, Forbidden, Invalid."""
    rules.standing.must_be_able(queries.sight.standing(uow, ask.team_id), "provider.manage")
    rules.tokens.must_be_signed_in(uow.actor)
    rules.oidc.must_be_safe("/issuer", ask.issuer, insecure=provider.insecure())
    row: dict[str, Any] = {name: value for name, value in vars(ask).items() if name != "client_secret"}
    row |= {"id": new_id("idp"), "version": 1, "created_at": uow.now}
    row["locked_secret"] = secrets.lock_client_secret(ask.client_secret)
    _must_fit(uow, row)
    uow.run(insert(identity_providers).values(row))
    note(uow, "provider.added", team_id=ask.team_id, object_id=row["id"], issuer=ask.issuer, joins=ask.joins)
    return queries.oidc.view(row)


def change_provider(uow: UnitOfWork, ask: c.ChangeProvider) -> c.ProviderView:
    """Raises NotFound, Forbidden, Invalid, 412."""
    rules.standing.must_be_able(queries.sight.standing(uow, ask.team_id), "provider.manage")
    rules.tokens.must_be_signed_in(uow.actor)
    found = queries.oidc.provider(uow, ask.team_id, ask.provider_id)
    uow.must_match(found["version"])
    named = ("name", "client_id", "redirect_uris", "domains", "active")
    changes = {name: getattr(ask, name) for name in named if getattr(ask, name) is not None}
    if ask.joins is not ABSENT:
        changes["joins"] = ask.joins
    row = {**found, **changes, "version": found["version"] + 1}
    _must_fit(uow, row)
    if ask.client_secret is not None:
        row["locked_secret"] = secrets.lock_client_secret(ask.client_secret)
    uow.run(update(identity_providers).where(identity_providers.c.id == row["id"]).values(row))
    if not row["active"]:
        _end_sessions_of(uow, row)
    note(uow, "provider.changed", team_id=ask.team_id, object_id=row["id"], changed=sorted(changes))
    return queries.oidc.view(row)


def _must_fit(uow: UnitOfWork, row: Fields) -> None:
    for place, uri in enumerate(row["redirect_uris"]):
        rules.oidc.must_be_safe(f"/redirect_uris/{place}", uri, insecure=provider.insecure())
    if row["joins"] is None:
        return
    try:
        anonymous = queries.places.organization(uow, row["team_id"], row["joins"])["kind"] == "anonymous"
    except NotFound:
        anonymous = True
    if anonymous:  # nobody joins that one
        raise Invalid.field("/joins", "unknown", "There is no such organization in this team.")


def remove_provider(uow: UnitOfWork, ask: c.RemoveProvider) -> c.DoneView:
    """Raises NotFound, Forbidden, 412."""
    rules.standing.must_be_able(queries.sight.standing(uow, ask.team_id), "provider.manage")
    rules.tokens.must_be_signed_in(uow.actor)
    found = queries.oidc.provider(uow, ask.team_id, ask.provider_id)
    uow.must_match(found["version"])
    uow.run(delete(identity_providers).where(identity_providers.c.id == found["id"]))
    _end_sessions_of(uow, found)
    note(uow, "provider.removed", team_id=ask.team_id, object_id=found["id"], issuer=found["issuer"])
    return c.DoneView()


def _end_sessions_of(uow: UnitOfWork, found: Fields) -> None:
    """Whom it let in is in no longer; refreshing would carry him on for months."""
    end_sessions(uow, sessions.c.provider_id == found["id"])


def find_the_way(work: Work, context: Context, ask: c.BeginSignIn) -> str:
    """Where the provider wants the browser. Raises NotFound, Invalid, Unavailable ``provider_away``."""
    with work.reading(context) as uow:
        found = queries.oidc.open_provider(uow, ask.team_id, ask.provider_id)
    rules.oidc.must_be_known(ask.redirect_uri, found["redirect_uris"])
    return provider.authorization_endpoint(found["issuer"])


def begin_sign_in(uow: UnitOfWork, ask: c.BeginSignIn, endpoint: str) -> c.SignInBegunView:
    """Nonce and PKCE verifier are derived from the state, so that nothing of it lies in the database but its hash."""
    found = queries.oidc.open_provider(uow, ask.team_id, ask.provider_id)
    state = secrets.new_state()
    begun = {"state_hash": secrets.digest(state), "provider_id": found["id"], "redirect_uri": ask.redirect_uri}
    uow.run(insert(begun_sign_ins).values(**begun, expires_at=uow.now + rules.oidc.BEGUN_LIFE))
    asked = {
        "response_type": "code",
        "client_id": found["client_id"],
        "redirect_uri": ask.redirect_uri,
        "scope": "openid email profile",
        "state": state,
        "nonce": secrets.of_state(state, "nonce"),
        "code_challenge": secrets.challenge(secrets.of_state(state, "verifier")),
        "code_challenge_method": "S256",
    }
    joint = "&" if "?" in endpoint else "?"
    return c.SignInBegunView(authorization_url=endpoint + joint + urlencode(asked), state=state)


@dataclass(frozen=True, slots=True)
class Proven:
    """Somebody came back: the provider (``asked_provider``), what its word proves, the sign-in he began."""

    provider: Fields
    proof: Proof
    begun: Fields = field(repr=False)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The provider's word proved before who he is; only the code of his app was missing or wrong."""

    provider: Fields
    user_id: str


def prove_sign_in(work: Work, context: Context, ask: c.FinishSignIn) -> Proven | Waiting:
    """As ``prove_identity``; who only missed the code of his app need not go to the provider again."""
    again = begun_sign_ins.c.state_hash == _second_try(ask)
    with work.writing(context) as uow:
        trying = update(begun_sign_ins).where(again, begun_sign_ins.c.expires_at > uow.now)
        trying = trying.where(begun_sign_ins.c.tries < rules.oidc.TRIES)
        begun = uow.first(trying.values(tries=begun_sign_ins.c.tries + 1).returning(begun_sign_ins))
        found = queries.oidc.asked_provider(uow, begun.provider_id) if begun else None
    if begun and found:
        return Waiting(found, begun.user_id)
    return prove_identity(work, context, ask)


def _second_try(ask: c.FinishSignIn) -> bytes:
    return secrets.digest(f"{ask.state} {ask.code}")


def prove_identity(work: Work, context: Context, ask: c.FinishSignIn | c.LinkIdentity) -> Proven:
    """The provider, and who it says he is. The state is spent first, in a transaction of its own: whatever happens
    then, it is good for nothing. Raises Unauthenticated ``state_unknown`` or ``sign_in_refused``, Unavailable."""
    if isinstance(ask, c.LinkIdentity):
        rules.standing.must_be_known(context.actor)
        rules.tokens.must_be_signed_in(context.actor)
    spending = delete(begun_sign_ins).where(begun_sign_ins.c.state_hash == secrets.digest(ask.state))
    with work.writing(context) as uow:
        begun = uow.first(spending.returning(begun_sign_ins))
        found = begun and begun.expires_at > uow.now and queries.oidc.asked_provider(uow, begun.provider_id)
        now = uow.now
    if not begun or not found:
        raise rules.oidc.state_unknown()
    client = provider.Client(found["issuer"], found["client_id"], secrets.open_client_secret(found["locked_secret"]))
    way = {"redirect_uri": begun.redirect_uri, "code_verifier": secrets.of_state(ask.state, "verifier")}
    proof = provider.prove(client, way | {"code": ask.code}, secrets.of_state(ask.state, "nonce"), now)
    return Proven(found, proof, begun._asdict())


def finish_sign_in(uow: UnitOfWork, ask: c.FinishSignIn, proven: Proven | Waiting) -> c.SessionView:
    """Raises Forbidden ``email_not_verified`` or ``not_invited``, Conflict ``account_exists``, Unauthenticated (also
    ``code_required``, ``wrong_code`` and ``state_unknown``), and 429 for too many codes.

    The provider's word opens its own team only: who governs it there must not get into the places this person has
    elsewhere."""
    found = queries.oidc.asked_provider(uow, proven.provider["id"], held=True)
    if found is None:  # it was removed while it was asked
        raise rules.oidc.state_unknown()
    user_id = proven.user_id if isinstance(proven, Waiting) else _who_comes(uow, found, proven.proof)
    person = codes.entering(uow, user_id, found["team_id"])
    if not person["active"]:
        raise Unauthenticated("sign_in_refused", "This account is shut.")
    _must_bring_a_code(uow, ask, proven, person)
    return open_session(uow, person, ask.device or "", provider=found)


def _must_bring_a_code(uow: UnitOfWork, ask: c.FinishSignIn, proven: Proven | Waiting, person: Fields) -> None:
    """The provider is one factor; who has a second one brings it here, too."""
    user_id = person["id"]
    if person["has_codes"]:
        if ask.totp_code is None:
            _leave_open(uow, ask, proven, user_id)
            raise rules.sessions.Refused("code_required", "Send the code of your authenticator app, too (totp_code).")
        limit = rules.attempts.code(user_id)
        count(uow, [limit])
        if not codes.accept(uow, user_id, ask.totp_code):
            _leave_open(uow, ask, proven, user_id)
            raise rules.sessions.Refused("wrong_code", "This code is wrong or was used before.")
        forget(uow, [limit])
    if isinstance(proven, Waiting):
        uow.run(delete(begun_sign_ins).where(begun_sign_ins.c.state_hash == _second_try(ask)))


def _leave_open(uow: UnitOfWork, ask: c.FinishSignIn, proven: Proven | Waiting, user_id: str) -> None:
    """The state is spent, and the provider's code too; both together remain good for another try with a code."""
    if isinstance(proven, Proven):
        tried = 0 if ask.totp_code is None else 1
        changed = {"state_hash": _second_try(ask), "user_id": user_id, "tries": tried}
        uow.run(insert(begun_sign_ins).values({**proven.begun, **changed}))


def _who_comes(uow: UnitOfWork, found: Fields, proof: Proof) -> str:
    """The person, with the place this team has for him: an issuer may serve several teams, and whom it knows from one
    is invited to another like anybody else. A place is no session: for that he may have to bring a code yet."""
    person = queries.oidc.known_as(uow, proof.issuer, proof.subject)
    if person is None:
        return _welcome(uow, found, proof)
    if proof.email is not None:
        been_here = queries.oidc.was_ever_here(uow, found["team_id"], person["id"])
        if person["proven_at"] or not been_here:  # an invitation keeps nobody out who is in already
            _take_place(uow, found, proof.email, person, been_here=been_here)
    return str(person["id"])


def _take_place(uow: UnitOfWork, found: Fields, email: str, person: Fields, *, been_here: bool) -> None:
    invitation = _invitation(uow, found, email, person["id"])
    joins = rules.oidc.welcomed(found, email)
    if invitation:
        join_by(uow, invitation, person)
    elif joins and not been_here:
        rules.joining.must_be_proven(person)
        with suppress(Conflict):  # he comes twice at once
            join(uow, person, _place(uow, joins))


def _invitation(uow: UnitOfWork, found: Fields, email: str, user_id: str = "") -> Fields | None:
    """The one that this address brings in here, if it still means something: a void one keeps nobody out."""
    invitation = queries.oidc.invitation_of(uow, found["team_id"], rules.names.fold(email), user_id)
    return invitation if invitation and place_of(uow, invitation) else None


def _place(uow: UnitOfWork, joins: str) -> Fields:
    home = queries.oidc.home_of_newcomers(uow, joins)
    place = {"team_id": home["team_id"], "organization_id": home["id"], "organization_name": home["name"]}
    return place | {"role": "member", "permissions": None}


def _welcome(uow: UnitOfWork, found: Fields, proof: Proof) -> str:
    """Somebody comes for the first time. An address nobody verified opens nothing, and none opens another's account."""
    email = rules.oidc.must_be_verified(proof)
    invitation = _invitation(uow, found, email)
    joins = None if invitation else rules.oidc.must_be_welcome(found, email)
    # Only who may come in hears whether there is an account already.
    rules.oidc.must_be_nobodys(queries.people.people_known_as(uow, "", rules.names.fold(email)))
    names = {"email": email, "name": proof.name or email.partition("@")[0], "locale": proof.locale}
    like_there, free = rules.oidc.user_names(proof, email)
    person = new_login(uow, names | {"user_name": like_there}, proven=True)
    if not uow.run(upsert(users).values(person).on_conflict_do_nothing()):
        person = new_login(uow, names | {"user_name": free}, proven=True)
        if not uow.run(upsert(users).values(person).on_conflict_do_nothing()):
            rules.oidc.must_be_nobodys([person])  # somebody was faster with the address
    if invitation:
        join_by(uow, invitation, person)
    elif joins:
        join(uow, person, _place(uow, joins))
    _link(uow, proof, person["id"])
    return str(person["id"])


def link_identity(uow: UnitOfWork, ask: c.LinkIdentity, proven: Proven) -> c.IdentityView:
    """Linking it twice is done, too. Raises Conflict ``identity_taken`` when it is somebody else's."""
    rules.standing.must_be_known(uow.actor)
    _link(uow, proven.proof, uow.actor.user_id)
    found = queries.oidc.identity(uow, proven.proof.issuer, proven.proof.subject)
    if found["user_id"] != uow.actor.user_id:
        raise Conflict("identity_taken", "Somebody else signs in with this already.")
    return queries.oidc.identity_view(found)


def remove_identity(uow: UnitOfWork, ask: c.RemoveIdentity) -> c.DoneView:
    """His sessions that began at a provider end, wherever it was. Raises Unauthenticated, NotFound."""
    rules.standing.must_be_known(uow.actor)
    rules.tokens.must_be_signed_in(uow.actor)
    found = queries.oidc.my_identity(uow, ask.identity_id)
    uow.run(delete(identities).where(identities.c.id == found["id"]))
    end_sessions(uow, and_(sessions.c.user_id == uow.actor.user_id, sessions.c.team_id.is_not(None)))
    note(uow, "identity.removed", team_id=None, object_id=uow.actor.user_id, issuer=found["issuer"])
    return c.DoneView()


def _link(uow: UnitOfWork, proof: Proof, user_id: str) -> None:
    row: dict[str, Any] = {"id": new_id("idn"), "issuer": proof.issuer, "subject": proof.subject}
    row |= {"user_id": user_id, "created_at": uow.now}
    if uow.run(upsert(identities).values(row).on_conflict_do_nothing()):
        note(uow, "identity.linked", team_id=None, object_id=user_id, issuer=proof.issuer)


def purge(uow: UnitOfWork) -> bool:
    """A timer: forget sign-ins nobody finished. Says whether there may be more."""
    old = begun_sign_ins.c.state_hash.in_(queries.oidc.old_begun(uow))
    return uow.run(delete(begun_sign_ins).where(old)) >= queries.sight.BATCH
