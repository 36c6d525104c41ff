"""Lost and changed passwords, a changed address, second factors."""

from __future__ import annotations

from typing import Annotated

from services.chassis.messages import Request, Shape, View
from services.contracts.accounts.sessions import DoneView
from services.contracts.shapes import Email, Id, Password

Code = Annotated[str, Shape(min=6, max=40, format="password", example="123456")]
LinkToken = Annotated[str, Shape(min=1, max=128, format="password")]
PresentPassword = Annotated[str, Shape(min=1, max=256, format="password")]


class ReportLostPassword(Request[DoneView]):
    """Have a link mailed to choose a new password. The answer is the same whether or not there is such a person."""

    login: Annotated[str, Shape(min=1, max=254, example="ada")]


class ResetPassword(Request[DoneView]):
    """Choose a new password with the token of the mailed link. It works once and for an hour; all sessions end."""

    token: LinkToken
    password: Password


class ChangePassword(Request[DoneView]):
    """Change my password; ``password`` is the present one. My other sessions end."""

    password: PresentPassword
    new_password: Password


class ChangeEmail(Request[DoneView]):
    """Use another e-mail address, which counts once its owner has confirmed it. ``password`` is my present one."""

    email: Email
    password: PresentPassword


class ConfirmEmail(Request[DoneView]):
    """Confirm an address with the token of the link that was mailed there. It works once and for a day."""

    token: LinkToken


class TotpView(View):
    """The secret to set up an authenticator app with, and the same as a URI for a QR code. Shown once."""

    secret: str
    uri: str


class RecoveryCodesView(View):
    """Codes that work once each in the place of the app's. Shown once."""

    codes: list[str]


class StartTotp(Request[TotpView]):
    """Begin to sign in with codes of an app (RFC 6238). It counts once a code is confirmed."""


class ConfirmTotp(Request[RecoveryCodesView]):
    """Show by a code that the app is set up; from now on every sign-in needs one."""

    code: Code


class RemoveTotp(Request[DoneView]):
    """Sign in without codes again. ``password`` is my present one; ``code`` of the app, or a recovery code."""

    password: PresentPassword
    code: Code


class RenewRecoveryCodes(Request[RecoveryCodesView]):
    """Make new recovery codes; the old ones open nothing any more. ``code`` of the app, or one that is left."""

    code: Code


class RemoveSecondFactor(Request[DoneView]):
    """Let somebody who lost his app and his codes sign in without (operators). His sessions end, and he is told by
    mail; where his team wants a second factor, he sets up a new one. Twice is done, too."""

    user_id: Id
