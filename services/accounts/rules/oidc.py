"""What a provider may be, and whom its word lets in."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from services.chassis.problems import Conflict, Forbidden, Invalid, Unauthenticated

BEGUN_LIFE = timedelta(minutes=10)
TRIES = 5  # codes of an app for one sign-in


@dataclass(frozen=True, slots=True)
class Proof:
    """What a provider's ID token says, once it is checked. ``email`` is None unless the provider verified it."""

    issuer: str
    subject: str
    email: str | None
    name: str
    wanted_name: str
    locale: str


def is_loopback(host: str) -> bool:
    """Whether this names the machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_safe(url: str, *, insecure: bool) -> bool:
    """https, without a user or a fragment; http only to the machine itself, and only when that is allowed."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment or any(sign <= " " for sign in url):
        return False
    return parts.scheme == "https" or (insecure and parts.scheme == "http" and is_loopback(host))


def must_be_safe(pointer: str, url: str, *, insecure: bool) -> None:
    """Raises Invalid."""
    if not is_safe(url, insecure=insecure):
        raise Invalid.field(pointer, "https", "Must be an https address.")


def must_be_known(redirect_uri: str, redirect_uris: Sequence[str]) -> None:
    """Compared letter by letter. Raises Invalid."""
    if redirect_uri not in redirect_uris:
        raise Invalid.field("/redirect_uri", "choice", "The provider's settings do not allow this address.")


def must_be_verified(proof: Proof) -> str:
    """The address the provider verified. Raises Forbidden ``email_not_verified``."""
    if proof.email is None:
        raise Forbidden("email_not_verified", "The provider did not verify your e-mail address, so nobody is let in.")
    return proof.email


def must_be_nobodys(found: Sequence[Mapping[str, Any]]) -> None:
    """A provider's word never opens an account it did not open before. Raises Conflict ``account_exists``."""
    if found:
        detail = "Somebody has this e-mail address here. Sign in as usual, then link the provider to your account."
        raise Conflict("account_exists", detail)


def welcomed(provider: Mapping[str, Any], email: str) -> str | None:
    """The organization whose member somebody with this verified address becomes; None: nobody's."""
    served, here = provider["organization_name"] is not None, email.rpartition("@")[2].casefold()
    return provider["joins"] if served and here in provider["domains"] else None


def must_be_welcome(provider: Mapping[str, Any], email: str) -> str:
    """The same. Raises Forbidden ``not_invited``."""
    joins = welcomed(provider, email)
    if joins is None:
        raise not_invited()
    return joins


def not_invited() -> Forbidden:
    """Nothing lets him in."""
    return Forbidden("not_invited", "Nobody comes in here with this e-mail address. Ask to be registered.")


def state_unknown() -> Unauthenticated:
    """What came back belongs to no sign-in that can still be finished."""
    return Unauthenticated("state_unknown", "This sign-in is not known, too old or used already. Begin anew.")


def user_names(proof: Proof, email: str) -> tuple[str, str]:
    """A user name like the one he has there, and one that is surely free."""
    wanted = unicodedata.normalize("NFKD", proof.wanted_name or email.partition("@")[0])
    plain = re.sub(r"[^a-zA-Z0-9._-]", "", wanted.partition("@")[0]).lstrip("._-")[:50]
    plain = plain if len(plain) > 1 else "user"
    return plain, f"{plain}-{secrets.token_hex(5)}"
