"""What the manifests of a simulated world declare, and which version of each was in force when."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.core.message import Mark

READ, DELIVERED = Mark.READ.value, Mark.DELIVERED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """What one PUT asks for. `message` is None for the whole dialog."""

    dialog: str
    message: str | None
    actor: int
    text: str | None
    marks: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredMessage:
    """One message; nothing is declared where a part is None or empty."""

    id: str
    text: str | None = None
    author: int | None = None
    read: tuple[int, ...] = ()
    delivered: tuple[int, ...] = ()

    def marked(self, mark: str) -> tuple[int, ...]:
        return self.read if mark == READ else self.delivered

    def lines(self, actor: int) -> Iterator[str]:
        """Give the YAML, where `actor` acts for the dialog."""
        yield f"    - id: {self.id}"
        if self.author is not None:
            yield f"      actAs: {self.author}"
        for mark in (READ, DELIVERED):
            if users := self.marked(mark):
                yield f"      {mark}: {_users(users, self.author or actor)}"
        if self.text is not None:
            yield "      text: |-"
            yield from (f"        {line}" for line in self.text.split("\n"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One document: one version of one dialog's manifest. `interval` is in minutes."""

    name: str
    dialog: str
    actor: int
    read: tuple[int, ...] = ()
    delivered: tuple[int, ...] = ()
    interval: int | None = None
    requested_at: str | None = None
    suspended_until: datetime | None = None
    messages: tuple[DeclaredMessage, ...] = ()

    def marked(self, mark: str) -> tuple[int, ...]:
        return self.read if mark == READ else self.delivered

    def message(self, number: str) -> DeclaredMessage | None:
        return next((message for message in self.messages if message.id == number), None)

    def allows(self, put: Put) -> bool:
        """Tell whether all that a call asks for is declared here, for this actor."""
        if put.dialog != self.dialog or (put.text is None and not put.marks):
            return False
        if put.message is None:
            return put.text is None and all(put.actor in self.marked(mark) for mark in put.marks)
        message = self.message(put.message)
        if message is None or not all(put.actor in message.marked(mark) for mark in put.marks):
            return False
        author = message.author or self.actor
        return put.text is None or (put.text, put.actor) == (message.text, author)

    def fewest_calls(self) -> int:
        """Count the calls that this needs: one a message and user, and one a user who marks the dialog."""
        marked = {(mark, user) for mark in (READ, DELIVERED) for user in self.marked(mark)}
        calls: set[tuple[str | None, int]] = {(None, user) for _, user in marked}
        for message in self.messages:
            if message.text is not None:
                calls.add((message.id, message.author or self.actor))
            for mark in (READ, DELIVERED):
                calls |= {(message.id, user) for user in message.marked(mark) if (mark, user) not in marked}
        return len(calls)

    def document(self) -> str:
        """Give the YAML. A text stands last in its message, a line each: a cut one is another valid text."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield from ("apiVersion: reconciler/v1", "kind: Dialog", f"metadata: {{name: {self.name}}}", "spec:")
        yield from (f"  dialogId: {self.dialog}", f"  actAs: {self.actor}")
        for mark in (READ, DELIVERED):
            if users := self.marked(mark):
                yield f"  {mark}: {_users(users, self.actor)}"
        if self.interval is not None:
            yield f"  interval: {self.interval}m"
        if self.requested_at is not None:
            yield f"  requestedAt: {self.requested_at}"
        if self.suspended_until is not None:
            yield f"  suspend: {{reason: legal hold, until: {self.suspended_until.isoformat()}}}"
        if self.messages:
            yield "  messages:"
        for message in self.messages:
            yield from message.lines(self.actor)


def _users(users: tuple[int, ...], actor: int) -> str:
    return "true" if users == (actor,) else f"[{', '.join(map(str, users))}]"


def in_force(documents: Iterable[Version]) -> Mapping[str, Version]:
    """Give the manifests that count, by dialog: two for one dialog or of one name cancel each other."""
    documents = tuple(documents)
    return {
        one.dialog: one
        for one in documents
        if not any(o is not one and (o.dialog == one.dialog or o.name == one.name) for o in documents)
    }


@dataclass(slots=True)
class _Span:
    version: Version
    since: float
    until: float | None = None


@dataclass(slots=True)
class Timeline:
    """Which version of each dialog was in force when, in virtual seconds."""

    _spans: dict[str, list[_Span]] = field(default_factory=dict)

    def now(self, versions: Mapping[str, Version], at: float) -> None:
        """Take note of what is in force from now on."""
        for dialog in self._spans.keys() | versions.keys():
            spans = self._spans.setdefault(dialog, [])
            version = versions.get(dialog)
            if spans and spans[-1].until is None:
                if spans[-1].version == version:
                    continue
                spans[-1].until = at
            if version is not None:
                spans.append(_Span(version, at))

    def between(self, dialog: str, after: float, at: float) -> list[tuple[Version, float]]:
        """Give the versions that were in force at any time from `after` to `at`, each with its start."""
        return [
            (span.version, span.since)
            for span in self._spans.get(dialog, ())
            if span.since <= at and (span.until is None or span.until >= after)
        ]

    def last(self) -> Mapping[str, Version]:
        """Give what is in force now."""
        return {
            dialog: spans[-1].version
            for dialog, spans in self._spans.items()
            if spans and spans[-1].until is None
        }
