"""What a changed profile would do to open cases."""

from __future__ import annotations

from typing import Any, Literal

from services.chassis.messages import Request, View
from services.contracts.shapes import (
    Number,
    Slug,
)


class AffectedLine(View):
    """Open cases that a new team profile would befall, by what and by which key: ``topic`` and ``sales`` are the cases
    whose topic would be gone, ``clock`` and ``review`` those whose target would change, ``field`` those whose customer
    could no longer change it, ``status`` those that lose its label, ``number`` those whose prefix is no longer given.

    ``count`` stops at 1000 (``more``); ``numbers`` are up to ten of them. ``severe``: what they have would be gone.
    """

    kind: Literal["type", "topic", "priority", "product", "status", "clock", "field", "number"]
    key: str
    severe: bool
    count: int
    more: bool
    numbers: list[Number]


class ForecastView(View):
    """What a new profile would do to the team's open cases."""

    team_id: Slug
    data: list[AffectedLine]


class ReadForecast(Request[ForecastView]):
    """What a complete new profile would do to the team's open cases (who may manage it, or its
    products)."""

    team_id: Slug
    profile: dict[str, Any]
