"""One document's text -> its tree, or as much of it as could be read, and why not more."""

from itertools import repeat
from typing import Any, Final, NamedTuple

from yaml.error import YAMLError
from yaml.events import DocumentEndEvent, DocumentStartEvent, Event, StreamEndEvent

from reconciler.core.problem import Origin, Problem
from reconciler.source.composer import DEEPEST, Composer, TooDeepError, Unfinished
from reconciler.source.diagnostics import Diagnostics
from reconciler.source.stretches import Stretch
from reconciler.source.syntax import EventParser, Mistake, explain

MOST_EVENTS: Final = 500_000
"""One for each scalar and two for each list or mapping: 38,000 messages with four keys each."""


class Reading(NamedTuple):
    """What came of reading one text. `found` is what YAML itself has against what was read."""

    tree: Unfinished
    found: Diagnostics
    mistake: Mistake | None
    """Why the rest could not be read."""

    digest: bytes | None
    """The SHA-256 of the document, from its first key to its end; None without a document."""

    ended: bool
    """False where too many events were read."""


class Reader:
    """Reads the documents of one file, with one allowance of events for all, and another for second looks."""

    def __init__(self, path: str, parser: type[EventParser]) -> None:
        self.path: Final = path
        self._parser = parser
        self._events = repeat(None, MOST_EVENTS)
        self._more_events = repeat(None, MOST_EVENTS)

    def read(self, stretch: Stretch, *, resumed: bool = False) -> Reading:
        """Read one document; with `resumed`, from within it."""
        found = Diagnostics(self.path)
        composer = Composer(stretch.text, stretch.line, found, resumed=resumed)
        digest: bytes | None = None
        event: Event | None = None
        allowance = self._more_events if resumed else self._events
        mistake: Mistake | None = None
        try:
            # Bytes, because errors about a `str` quote its lines.
            events = iter(self._parser(stretch.text.encode()).get_event, None)
            for _, event in zip(allowance, events, strict=False):
                if (handle := Composer.HANDLERS.get(type(event))) is not None:
                    handle(composer, event)
                if type(event) is DocumentStartEvent and stretch.adrift:
                    _refuse(event, stretch, found)
                if type(event) is DocumentEndEvent:
                    digest = composer.digest(event)
        except TooDeepError as error:
            origin = Origin(self.path, error.line, error.column)
            what = f"nested deeper than {DEEPEST} levels"
            mistake = Mistake(Problem(origin, what, "close what is open"), error.line, error.line)
        except YAMLError as error:
            mistake = explain(error, stretch, self.path)
        ended = mistake is not None or type(event) is StreamEndEvent
        return Reading(composer.unfinished(), found, mistake, digest, ended)


def _refuse(start: Any, stretch: Stretch, found: Diagnostics) -> None:
    mark = start.start_mark
    what, todo = "something behind the end of the document", "start another one with ---"
    found.add_at(stretch.line + mark.line + 1, mark.column + 1, what, todo)
