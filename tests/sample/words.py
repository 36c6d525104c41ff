"""The words of the sample service: a small service with hooks for every fault the chassis must bear."""

from services.chassis.messages import Event, Request, View


class ThingView(View):
    """A thing, and how many of them there are."""

    id: str
    count: int = 0


class EchoView(View):
    """What was said."""

    text: str


class ReadEcho(Request[EchoView]):
    """Say it back; ``sleep_seconds`` sleeps in the database first."""

    text: str
    sleep_seconds: float = 0.0


class AddThing(Request[ThingView]):
    """Store a thing and say so. ``trouble``: ``commit`` fails the commit, ``raise`` raises, ``slow`` takes a second."""

    thing_id: str
    trouble: str = ""


class ThingAdded(Event):
    """A thing was stored; ``trouble``: ``fail`` always fails, ``once`` fails the first time, ``poison`` cannot be."""

    subject = "thing_id"
    thing_id: str
    trouble: str = ""
