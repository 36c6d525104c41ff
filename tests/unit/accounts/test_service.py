"""The table of accounts: every word has its line, and secrets are kept nowhere."""

from services.accounts.service import Service
from services.chassis.entrypoints import rpc_lines
from services.chassis.messages import Message, Request
from services.contracts import accounts


def requests() -> set[type[Message]]:
    return {
        word
        for word in vars(accounts).values()
        if isinstance(word, type) and issubclass(word, Request) and word is not Request
    }


def test_every_request_is_answered_by_one_line() -> None:
    lines = rpc_lines(Service)
    assert {line.message for line in lines.values()} == requests()
    assert all(getattr(Service, verb) is line for verb, line in lines.items())


def test_an_answer_with_tokens_is_never_kept_under_an_idempotency_key() -> None:
    telling = (
        accounts.SessionView,
        accounts.NewTokenView,
        accounts.RegistrationStartedView,
        accounts.TotpView,
        accounts.RecoveryCodesView,
        accounts.SignInBegunView,
    )
    secret = {line.verb for line in rpc_lines(Service).values() if line.message.reply in telling}
    # another password under the same key is another wish
    secret |= {"reset_password", "change_password", "accept_invitation", "change_email", "confirm_email", "remove_totp"}
    assert secret == {verb for verb, line in rpc_lines(Service).items() if not line.keyed}
