"""The words of the sample service: a small service with hooks for every fault the chassis must bear."""

from services.chassis.messages import Event, Request, View


class ThingView(View):
    """A thing, and how many of them there are."""

    id: str
    count: int = 0


class EchoView(View):
    """What was said."""

    text: str


class LimitsView(View):
    """What one pooled connection has been told by the server."""

    backend: int
    statement_timeout: str
    lock_timeout: str
    idle_in_transaction_session_timeout: str


class ReadEcho(Request[EchoView]):
    """Say it back; ``sleep_seconds`` sleeps in the database first. ``seen``: record that somebody looked at this;
    ``trouble``: then fail."""

    text: str
    seen: str = ""
    trouble: str = ""
    sleep_seconds: float = 0.0


class ReadLimits(Request[LimitsView]):
    """Tell the limits of the connection that answers, after holding it for ``sleep_seconds``."""

    sleep_seconds: float = 0.0


class AddThing(Request[ThingView]):
    """Store a thing and say so. ``trouble``: ``commit`` fails the commit, ``raise`` raises, ``swallow`` passes over a
    failed statement and records nothing, anything else goes into the
    event. ``sleep_seconds`` passes in the database before the commit."""

    thing_id: str
    trouble: str = ""
    sleep_seconds: float = 0.0


class HideThing(Request[ThingView]):
    """Store a thing; the answer is a secret, so that it is not kept under a key."""

    thing_id: str
    trouble: str = ""
    sleep_seconds: float = 0.0


class ThingAdded(Event):
    """A thing was stored; ``trouble``: ``fail`` always fails, ``gate`` fails until a thing ``open <id>`` is there."""

    subject = "thing_id"
    thing_id: str
    trouble: str = ""
