"""The event stream: first what was missed, then what happens, to everybody only what he may know of.

One consumer per process hears every event of the feed and hands it to the streams of that team whose principals meet
the event's audience. A stream that reads too slowly, whose token ends, or whose person's membership changes is closed;
its client comes back with Last-Event-ID and misses nothing.
"""

from __future__ import annotations

import contextlib
import queue
import re
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from flask import Response

from gateway.answers import json_answer
from gateway.revocations import Revocations
from services.chassis.link import Link
from services.chassis.problems import Malformed, TooManyRequests
from services.contracts.accounts import MembershipChanged, SessionEnded, TokenRevoked
from services.contracts.notifications import FeedAppended, PrincipalsChanged

if TYPE_CHECKING:
    from gateway.app import Call, Desk

log = structlog.get_logger("gateway")

BUFFER = 256  # frames a stream may be behind
HEARTBEAT_SECONDS = 15.0
STREAMS_PER_PERSON = 20
PAGE = 100
REPLAY_PAGES = 10  # gathered before the first byte; who missed more comes back for it
REPLAY_SECONDS = 5.0
OPEN_SECONDS = 30.0
GREETING = b"retry: 2000\n\n"
HEARTBEAT = b":\n\n"
HEARD = {
    "notifications.events": (FeedAppended, PrincipalsChanged),
    "accounts.events": (MembershipChanged, SessionEnded, TokenRevoked),
}


class Stream:
    """One open stream. Iterate it to get its frames; ``close`` ends it from either side."""

    def __init__(self, hub: Hub, team_id: str, user_id: str, until: float) -> None:
        self.team_id, self.user_id, self.until = team_id, user_id, until
        self.principals: frozenset[str] = frozenset()
        self.missed: deque[bytes] = deque([GREETING])
        self._seen: deque[int] = deque(maxlen=4 * PAGE)
        self._hub = hub
        self._frames: queue.Queue[tuple[int, frozenset[str], bytes] | None] = queue.Queue(BUFFER)
        self._ended = False

    def offer(self, cursor: int, audience: frozenset[str], frame: bytes) -> None:
        """A live event of this team. Whether it is for this person is asked when it is taken out."""
        try:
            self._frames.put_nowait((cursor, audience, frame))
        except queue.Full:
            self.close()

    def replay(self, line: dict[str, Any]) -> None:
        """An event from the feed, which the service has already judged."""
        self.missed.append(frame_of(line))
        self._seen.append(line["cursor"])

    def close(self) -> None:
        """End it; safe to call twice and from anywhere."""
        self._ended = True
        self._hub.leave(self)
        with contextlib.suppress(queue.Full):  # when full, the reader is awake anyway
            self._frames.put_nowait(None)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self.missed:
            return self.missed.popleft()
        while not self._ended:
            left = self.until - time.time()
            if left <= 0:
                break
            try:
                taken = self._frames.get(timeout=min(HEARTBEAT_SECONDS, left))
            except queue.Empty:
                return HEARTBEAT
            if taken is not None and not self._ended:
                cursor, audience, frame = taken
                if cursor not in self._seen and not self.principals.isdisjoint(audience):
                    self._seen.append(cursor)
                    return frame
        self.close()
        raise StopIteration


class Hub:
    """All streams of this process, by team."""

    def __init__(self, revocations: Revocations) -> None:
        self.revocations = revocations
        self._teams: dict[str, set[Stream]] = {}
        self._lock = threading.Lock()
        self._closed = False

    def join(self, team_id: str, user_id: str, until: float) -> Stream:
        """Open a stream. Raises TooManyRequests when this person has too many."""
        stream = Stream(self, team_id, user_id, until)
        with self._lock:
            streams = self._teams.setdefault(team_id, set())
            if sum(1 for one in streams if one.user_id == user_id) >= STREAMS_PER_PERSON:
                raise TooManyRequests("too_many_streams", "You have too many open event streams.", retry_after=30)
            streams.add(stream)
        if self._closed:
            stream.close()
        return stream

    def leave(self, stream: Stream) -> None:
        """Forget a stream."""
        with self._lock:
            streams = self._teams.get(stream.team_id, set())
            streams.discard(stream)
            if not streams:
                self._teams.pop(stream.team_id, None)

    @property
    def size(self) -> int:
        """How many streams are open."""
        return sum(len(streams) for streams in self._teams.values())

    def hear(self, body: bytes) -> None:
        """One message of the broker. What cannot be read is logged and dropped: the streams can be read again."""
        try:
            told = orjson.loads(body)
            kind, data = told["type"], told["data"]
            if kind == FeedAppended.wire_name:
                self._pass_on(data)
            elif kind in (MembershipChanged.wire_name, PrincipalsChanged.wire_name):
                self.end(data["team_id"], data["user_id"])
            elif kind == SessionEnded.wire_name:
                self.revocations.end(data["session_id"], datetime.fromisoformat(data["until"]).timestamp())
                self.end_all(data["user_id"])
            elif kind == TokenRevoked.wire_name:
                self.revocations.end_token(data["token_id"])
                self.end_all(data["user_id"])
        except (KeyError, TypeError, ValueError) as error:
            log.warning("an event for the streams is not readable", error=type(error).__name__)

    def _pass_on(self, data: dict[str, Any]) -> None:
        streams = self._teams.get(data["team_id"])
        if streams:
            audience, frame, cursor = frozenset(data["audience"]), frame_of(data["line"]), data["line"]["cursor"]
            for stream in list(streams):
                stream.offer(cursor, audience, frame)

    def end(self, team_id: str, user_id: str) -> None:
        """A person's rights changed: end his streams of that team. Coming back he gets what he may see now - or, before
        notifications knows of it, what he might see before; so it says when it does, and he is sent back once more."""
        self._end_those(stream for stream in list(self._teams.get(team_id, ())) if stream.user_id == user_id)

    def end_all(self, user_id: str) -> None:
        """One of his proofs ended: end his streams everywhere. Those on another proof come back and miss nothing."""
        self._end_those([stream for stream in self._all() if stream.user_id == user_id])

    def lost(self) -> None:
        """The broker is away, so events pass unheard: believe nobody, and let every client come back and catch up."""
        self.revocations.doubt()
        self._end_those(self._all())

    def close(self) -> None:
        """The process stops."""
        self._closed = True
        self._end_those(self._all())

    def _all(self) -> list[Stream]:
        return [stream for streams in list(self._teams.values()) for stream in list(streams)]

    def _end_those(self, streams: Iterable[Stream]) -> None:
        for stream in streams:
            stream.close()


def frame_of(line: dict[str, Any]) -> bytes:
    """One event as ``text/event-stream`` writes it."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (line["cursor"], line["type"].encode(), orjson.dumps(line))


def tell_events(desk: Desk, call: Call) -> Response:
    """GET ~/events: a page as JSON, or the stream when the client accepts ``text/event-stream``."""
    environ = call.environ
    if environ["REQUEST_METHOD"] == "HEAD" or "text/event-stream" not in environ.get("HTTP_ACCEPT", ""):
        data = desk.read(call)
        answer = json_answer(desk.ask(call, data).data)
        answer.headers["Vary"] = "Accept, Accept-Language, Authorization"
        return answer
    data = {"limit": PAGE, **desk.read(call)}
    if "HTTP_LAST_EVENT_ID" in environ:
        data["after"] = _last_event_id(environ["HTTP_LAST_EVENT_ID"])
    stream = desk.hub.join(data["team_id"], call.actor.user_id, call.until)
    try:
        desk.tokens.revocations.check(call.actor.session_id)  # it may have ended before we could hear of it
        _catch_up(desk, call, stream, data)  # live events gather in the meantime
    except BaseException:
        stream.close()
        raise
    headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store", "Vary": "Accept, Accept-Language, Authorization"}
    return Response(stream, 200, headers, content_type="text/event-stream; charset=utf-8", direct_passthrough=True)


def _last_event_id(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Malformed("last_event_id_invalid", "Last-Event-ID must be the id of an event of this stream.")
    return int(text)


def _catch_up(desk: Desk, call: Call, stream: Stream, data: dict[str, Any]) -> None:
    until = time.monotonic() + REPLAY_SECONDS
    for _ in range(REPLAY_PAGES):
        told = desk.ask(call, data).data
        stream.principals = frozenset(told["principals"])
        for line in told["data"]:
            stream.replay(line)
        data = {**data, "after": told["cursor"]}
        if len(told["data"]) < data["limit"]:
            return
        if time.monotonic() > until:
            break
    stream.close()  # too far behind for one go: what was replayed is sent, then the client comes back for more


def listen(hub: Hub, amqp_url: str) -> Link:
    """Connect the hub to the broker: an exclusive queue of this process that disappears with it."""
    name = f"gateway.live.{uuid.uuid4().hex}"

    def on_open(link: Link) -> None:
        doubt = hub.revocations.doubt()
        channel = link.channel
        channel.queue_declare(name, durable=False, exclusive=True, auto_delete=True)
        for exchange, kinds in HEARD.items():
            channel.exchange_declare(exchange, "topic", durable=True, auto_delete=False)
            for kind in kinds:
                channel.queue_bind(name, exchange, kind.wire_name)
        channel.basic_consume(name, no_ack=True, callback=on_message)
        # Only when no end can pass unheard any more; and aside, for the answer comes over another connection.
        threading.Thread(target=settle, args=(link, doubt), name="revocations", daemon=True).start()

    def settle(link: Link, doubt: int) -> None:
        if link.wait_open(OPEN_SECONDS):  # if not, it is opened anew, with a doubt of its own
            hub.revocations.settle(doubt)

    def on_message(message: Any) -> None:
        body = message.body
        hub.hear(body if isinstance(body, bytes) else str(body).encode())

    hub.revocations.doubt()
    return Link(amqp_url, name="gateway-live", on_open=on_open, on_lost=hub.lost).start()
