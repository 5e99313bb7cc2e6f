"""What stands around every page."""

from dataclasses import dataclass
from datetime import datetime

from reconciler.web.state import Overview, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """When a page was made, by which version, and how everything stood then.

    `change` is the number of the last change that it shows: later ones make it stale. All but the time
    is None for those who may not see how anything stands.
    """

    at: datetime
    version: str | None = None
    change: int | None = None
    state: State | None = None
    problems: int = 0


def frame_of(overview: Overview, change: int) -> Frame:
    """Give the frame of a page that was made together with an overview."""
    return Frame(
        at=overview.at,
        version=overview.version,
        change=change,
        state=overview.state,
        problems=overview.problems,
    )
