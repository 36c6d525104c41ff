"""The life of one case: what people do with it, told line by line and checked at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from deploy.demo.cast import Stage, refuse
from deploy.demo.client import Ask, Person, store
from deploy.demo.failure import must
from deploy.demo.mail import Writer, squeezed
from deploy.demo.media import Media

FEED_PAGE = 100


@dataclass
class Case:
    """A registered case. ``said`` are the comments we expect, ``sent`` the files by id, ``kinds`` the events."""

    stage: Stage
    id: str
    number: str
    said: list[str] = field(default_factory=list)
    sent: dict[str, Media] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=lambda: ["case.opened"])

    @classmethod
    def register(cls, stage: Stage, by: Person, text: str, body: dict[str, Any]) -> tuple[Case, dict[str, Any]]:
        """Somebody registers the case. Returns it, and how it looks to him."""
        with stage.world.teller.does(text) as line:
            view = by.post(f"{stage.base}/cases", body, soon=True)
            must(view["status"] == "new", "a registered case is new", view)
            prefix = stage.profile["number"]["prefix"]
            must(view["number"].startswith(f"{prefix}-"), f"its number begins with {prefix}-", view)
            line.more = f"It is {view['number']}."
        stage.world.teller.tally.cases += 1
        return cls(stage, view["id"], view["number"]), view

    @property
    def path(self) -> str:
        return f"{self.stage.base}/cases/{self.id}"

    def view(self, person: Person) -> dict[str, Any]:
        """The case as this person sees it."""
        found: dict[str, Any] = person.get(self.path)
        return found

    def act(self, person: Person, path: str, body: dict[str, Any], **expected: Any) -> dict[str, Any]:
        """Do something with the case (POST), and hold what comes back against what is expected of it."""
        view: dict[str, Any] = person.post(f"{self.path}/{path}", body, made=False)
        hold(view, expected)
        return view

    def comment(self, person: Person, body: str, told: tuple[Person, ...] = ()) -> None:
        """Somebody writes on the case; the others are told by mail."""
        with self.stage.world.teller.does(f"{person.name} writes: “{body}”") as line:
            made = person.post(f"{self.path}/comments", {"body": body}, soon=True)
            must(made["body"] == body and made["visibility"] == "public", "the comment is public", made)
            self.expect_said(body)
            line.more = self.mailed(body, told)

    def expect_said(self, body: str) -> None:
        """A comment that has to be there in the end."""
        self.said.append(body)
        self.kinds.append("comment.added")

    def mailed(self, text: str, told: tuple[Person, ...]) -> str:
        """Wait until these people have a mail about this case that says this. Returns half a sentence."""
        for person in told:
            mail = self.stage.world.post.wait(person.email, text)
            must(self.number in f"{mail['subject']} {mail['text']}", f"the mail names {self.number}", mail)
        return f"A mail tells {' and '.join(person.name for person in told)}." if told else ""

    def answer_by_mail(self, person: Person, to: str, text: str) -> None:
        """A customer answers the mail that said ``to``, from his own mail program; it becomes a comment."""
        teller, post = self.stage.world.teller, self.stage.world.post
        with teller.does(f"{person.name} answers that mail: “{text}”") as line:
            mail = post.wait(person.email, to)
            post.answer(mail, Writer(person.name, person.email), text)

            def look() -> dict[str, Any] | None:
                found = [one for one in self.view(person)["comments"] if text in squeezed(one["body"])]
                return found[0] if found else None

            seen = teller.until(f"the mail of {person.name} as a comment on {self.number}", look)
            must(seen["channel"] == "email" and seen["author"]["id"] == person.id, "it is his, by e-mail", seen)
            must(squeezed(seen["body"]) == text, "the comment holds his words and nothing of the quoted mail", seen)
            self.expect_said(text)
            line.more = "It stands on the case as a comment."

    def folder(self, person: Person, name: str) -> str:
        """Make a folder. The file service hears of the case by its event, hence ``soon``."""
        made = person.post(f"{self.path}/folders", {"name": name}, soon=True)
        self.kinds.append("folder.added")
        return str(made["id"])

    def upload(self, person: Person, folder_name: str, files: list[Media]) -> str:
        """Files go into a folder of the case. Returns the folder's id."""
        names = ", ".join(file.name for file in files)
        with self.stage.world.teller.does(f"{person.name} puts {names} into the folder “{folder_name}”.") as line:
            folder_id = self.folder(person, folder_name)
            self.add(person, folder_id, files)
            line.more = f"{sum(len(file.content) for file in files):,} bytes."
        return folder_id

    def add(self, person: Person, folder_id: str, files: list[Media]) -> None:
        """One or more files in one request, as a form sends them."""
        parts = [("file", (file.name, file.content, file.content_type)) for file in files]
        made = person.upload(f"{self.path}/files", parts, {"folder_id": folder_id})["data"]
        must(len(made) == len(files), f"{len(files)} files are stored", made)
        for one, file in zip(made, files, strict=True):
            self.check_file(one, file)

    def check_file(self, view: dict[str, Any], file: Media) -> None:
        """What the service says of a file is what we sent."""
        digest = hashlib.sha256(file.content).hexdigest()
        right = view["state"] == "clean" and view["sha256"] == digest and view["size"] == len(file.content)
        must(right, f"{file.name} is stored with {len(file.content)} bytes and SHA-256 {digest}", view)
        self.sent[view["id"]] = file
        self.kinds.append("file.added")

    def too_large(self, person: Person, file: Media, code: str, limit: int) -> None:
        """This file must be refused in words that help."""
        size = f"{len(file.content) / (1024 * 1024):.0f} MB"
        with self.stage.world.teller.does(f"{person.name} tries {file.name} with {size}; it is refused.") as line:
            more = {"files": [("file", (file.name, file.content, file.content_type))]}
            problem = refuse(self.stage, person, Ask("POST", f"/cases/{self.id}/files", more), (413, code))
            must(problem.get("max_bytes") == limit, f"the problem names the limit, {limit} bytes", problem)
            line.more = problem["detail"]

    def download(self, person: Person, name: str) -> None:
        """Fetch a file by the short-lived address of the store, and compare it byte for byte."""
        with self.stage.world.teller.does(f"{person.name} fetches {name}.") as line:
            file_id, file = next((key, one) for key, one in self.sent.items() if one.name == name)
            url = person.redirect(f"{self.stage.base}/files/{file_id}/content")
            reply = store("GET", url, None, f"hands {name} out")
            found, sent = (hashlib.sha256(data).hexdigest() for data in (reply.content, file.content))
            must(found == sent, f"{name} comes back as it was sent, SHA-256 {sent}", found)
            line.more = f"SHA-256 {found[:16]}..., the same as on the way in."

    def listed(self, person: Person, view: str) -> None:
        """A list of cases shows it."""
        page = person.get(f"{self.stage.base}/cases", view=view, limit=100)
        numbers = [one["number"] for one in page["data"]]
        must(self.number in numbers, f"the list “{view}” of {person.name} shows {self.number}", numbers)

    def not_listed(self, person: Person, view: str) -> None:
        """A list of cases does not show it."""
        numbers = [one["number"] for one in person.get(f"{self.stage.base}/cases", view=view, limit=100)["data"]]
        must(self.number not in numbers, f"the list “{view}” of {person.name} does not show {self.number}", numbers)

    def hidden(self) -> None:
        """Somebody of another organization gets 404, for the case and for its files, and an empty list."""
        with self.stage.world.teller.does("Somebody of another company looks for the case and gets 404."):
            stranger = self.stage.outsider
            for path in (f"/cases/{self.id}", f"/cases/by-number/{self.number}", f"/cases/{self.id}/tree"):
                refuse(self.stage, stranger, Ask("GET", path, {}), (404, "not_found"))
            self.not_listed(stranger, "all")

    def end(self, mails: int) -> None:
        """Count what is really there: comments, files, mails (so many at least have to come), events."""
        with self.stage.world.teller.does(f"{self.stage.agent.name} looks at {self.number} once more.") as line:
            tally = self.stage.world.teller.tally
            comments = [squeezed(one["body"]) for one in self.view(self.stage.agent)["comments"]]
            wanted = [squeezed(body) for body in self.said]
            must(sorted(comments) == sorted(wanted), f"every comment is there exactly once: {wanted}", comments)
            tree = self.stage.agent.get(f"{self.path}/tree")["files"]
            found = sorted(one["id"] for one in tree if one["state"] == "clean")
            must(found == sorted(self.sent), f"every file is there exactly once: {sorted(self.sent)}", tree)
            events, arrived = self._events(), self._mails(mails)
            tally.comments, tally.files = tally.comments + len(comments), tally.files + len(found)
            tally.mails, tally.events = tally.mails + arrived, tally.events + events
            line.more = f"{len(comments)} comments, {len(found)} files, {arrived} mails, {events} events."

    def _mails(self, least: int) -> int:
        """Every mail that Casework says it sent to our people has arrived, once. A queued one is not told of yet."""
        people = {person.email: person for role, person in self.stage.people.items() if role != "outsider"}
        post = self.stage.world.post

        def look() -> int | None:
            found = [mail for address in people for mail in post.to(address)]
            arrived = [mail["message_id"] for mail in found if self.number in mail["subject"]]
            must(len(arrived) == len(set(arrived)), "no mail arrived twice", arrived)
            told = self.stage.agent.get(f"{self.path}/mails", limit=100)["data"]
            states = [mail["state"] for mail in told if mail["to"] in people]
            must("failed" not in states, "every mail could be sent", told)
            return len(arrived) if states == ["sent"] * len(arrived) and len(arrived) >= least else None

        return self.stage.world.teller.until(f"all mails about {self.number}, {least} at least", look)

    def _events(self) -> int:
        """Every event of the case since the story began, read from the team's feed."""

        def look() -> int | None:
            happened = [one["type"] for one in self._feed() if one["data"].get("case_id") == self.id]
            missing = [kind for kind in set(self.kinds) if happened.count(kind) < self.kinds.count(kind)]
            return None if missing else len(happened)

        return self.stage.world.teller.until(
            f"the events of {self.number} ({', '.join(sorted(set(self.kinds)))})", look
        )

    def _feed(self) -> list[dict[str, Any]]:
        after, found = self.stage.start, []
        while True:
            page = self.stage.agent.get(f"{self.stage.base}/events", after=after, limit=FEED_PAGE)
            found += page["data"]
            after = page["cursor"]
            if len(page["data"]) < FEED_PAGE:
                return found


def hold(view: dict[str, Any], expected: dict[str, Any]) -> None:
    """Hold some values of a case against what they have to be."""
    for name, value in expected.items():
        must(view.get(name) == value, f"{name} is {value!r}", view)


def pointers(problem: dict[str, Any]) -> list[str]:
    """The fields that a problem names."""
    return [str(one.get("pointer", "")) for one in problem.get("errors") or []]
