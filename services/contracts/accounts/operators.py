"""Who runs the installation: the first operator, let in by a one-time token printed on the server."""

from __future__ import annotations

from typing import Annotated

from services.chassis.messages import Request, Shape
from services.contracts.accounts.people import UserView
from services.contracts.shapes import Email, Locale, Password, ShortLine, UserName


class AddFirstOperator(Request[UserView]):
    """Become the operator of a new installation. ``token`` is what ``python -m services.accounts first-operator``
    printed: good for an hour and for one use."""

    token: Annotated[str, Shape(min=1, max=200, format="password")]
    user_name: UserName
    email: Email
    name: ShortLine
    password: Password
    locale: Locale = "en"
