"""What contracts speak of, in the words of accounts, which keeps them, and of cases, which goes by them."""

from __future__ import annotations

from typing import Annotated, Literal

from services.chassis.messages import Shape, View
from services.contracts.shapes import Key, Line

Charge = Literal["contract_rate", "quote_required", "free", "none"]
Meaning = Annotated[str, Shape(min=1, max=500, example="Production has stopped.")]
Amount = Annotated[str, Shape(min=1, max=17, pattern=r"[0-9]{1,12}(\.[0-9]{1,4})?", example="950.00")]
Currency = Annotated[str, Shape(min=3, max=3, pattern=r"[A-Z]{3}", example="SEK")]
Seconds = Annotated[int, Shape(min=1, max=31_536_000)]


class MoneyView(View):
    """An amount of money; never a binary fraction. ``currency``: ISO 4217."""

    value: Amount
    currency: Currency


class TargetsView(View):
    """Within how many seconds of opening hours something has to happen; null: the team's own promise holds."""

    review_seconds: Seconds | None = None
    first_response_seconds: Seconds | None = None
    next_response_seconds: Seconds | None = None
    resolution_seconds: Seconds | None = None


class PriorityMeaningView(View):
    """A priority and what it means for one organization today."""

    key: Key
    name: Line
    rank: int
    meaning: Meaning
    default: bool
    targets: TargetsView
