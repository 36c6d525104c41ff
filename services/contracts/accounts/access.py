"""Explaining rights."""

from __future__ import annotations

from services.contracts.access import Explain

__all__ = ["ReadAccess"]


class ReadAccess(Explain):
    """What may a person do with something, and by which rule? For staff of its team and operators. The gateway asks the
    service that owns the thing; accounts answers for organizations and memberships."""
