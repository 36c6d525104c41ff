"""The keys that sign access tokens: changed without anybody noticing, or at once when one was stolen."""

from __future__ import annotations

from datetime import timedelta

import click
from sqlalchemy import delete, insert

from services.accounts import queries, rules, secrets
from services.accounts.commands.installation import prepare
from services.accounts.notes import note
from services.accounts.settings import Settings
from services.accounts.tables import signing_keys
from services.chassis.unit_of_work import UnitOfWork, Work
from services.contracts import accounts as c


def rotate_keys(uow: UnitOfWork, ask: c.RotateKeys) -> c.KeysView:
    """Raises Forbidden for all but operators."""
    rules.standing.must_be_known(uow.actor)
    rules.standing.permit(uow.actor.kind == "operator")
    _rotate(uow, ask.drop_older_than_minutes)
    return queries.installation.read_keys(uow, c.ReadKeys())


@click.option("--drop-older-than", type=click.IntRange(0), help="Minutes: drop older keys now (one was stolen).")
def rotate(work: Work, settings: Settings, drop_older_than: int | None) -> None:
    """Make a new key that signs access tokens; sessions go on. The old one stays until its last token is too old."""
    prepare(work, settings)
    with work.writing() as uow:
        _rotate(uow, drop_older_than)


def _rotate(uow: UnitOfWork, drop_older_than_minutes: int | None) -> None:
    """The new key is published at once and signs when every gateway has it - or now, if nothing else is left to."""
    if drop_older_than_minutes is not None:
        latest = uow.now - timedelta(minutes=drop_older_than_minutes)
        uow.run(delete(signing_keys).where(signing_keys.c.created_at <= latest))
    active = queries.installation.active_signing_key(uow)
    key = secrets.fresh_signing_key()
    signs_from = uow.now + rules.sessions.KEY_PUBLISHED_BEFORE if active else uow.now
    row = {"id": key.id, "public": key.public, "locked_private": key.locked_private}
    uow.run(insert(signing_keys).values(**row, created_at=uow.now, signs_from=signs_from))
    note(uow, "key.rotated", team_id=None, object_id=None, key=key.id, dropped_older_than=drop_older_than_minutes)
