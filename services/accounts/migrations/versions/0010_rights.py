"""Rights that came after roles became data: teams founded before get them in their built-in roles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_NEW = {
    "member": "case.rate key.manage",
    "administrator": "case.rate key.manage",
    "partner": "case.rate key.manage",
    "agent": "case.link case.merge case.reclassify key.manage",
    "lead": "case.link case.merge case.reclassify key.manage",
    "admin": "case.link case.merge case.reclassify key.manage",
}
_ROLE = """UPDATE roles SET version = version + 1, permissions =
permissions || ARRAY(SELECT unnest(CAST(:new AS text[])) EXCEPT SELECT unnest(roles.permissions))
WHERE key = :key AND built_in AND NOT permissions @> CAST(:new AS text[])"""
_PEOPLE = """UPDATE memberships SET version = version + 1, permissions =
permissions || ARRAY(SELECT unnest(CAST(:new AS text[])) EXCEPT SELECT unnest(memberships.permissions))
WHERE role = :key AND NOT own_permissions AND NOT permissions @> CAST(:new AS text[])"""


def upgrade() -> None:
    """Everybody with such a role has them, unless he has a list of his own. Tell the neighbours: ``republish``."""
    for key, new in _NEW.items():
        for statement in (_ROLE, _PEOPLE):
            op.execute(sa.text(statement).bindparams(key=key, new="{" + ",".join(new.split()) + "}"))
