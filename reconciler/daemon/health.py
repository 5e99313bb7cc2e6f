"""What the probes ask: does the loop live, and is the daemon of use."""

import time
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Health:
    """The daemon's own account of itself. `beat` is monotonic: when the loop last moved.

    `last_attempt_at` is when all files were last looked at, whatever was found; `last_success_at` when
    all was as declared or suspended after that, and nothing stood in the way.
    """

    beat: float = field(default_factory=time.monotonic)
    first_pass_done: bool = False
    last_attempt_at: datetime | None = None
    last_success_at: datetime | None = None
    hindrances: dict[str, str | None] = field(default_factory=dict)

    @property
    def hindrance(self) -> str | None:
        """Give what stands in the way of acting on all that is declared; None where nothing does."""
        return "; ".join(reason for reason in self.hindrances.values() if reason) or None

    def beats(self) -> None:
        """Take note that the loop moved."""
        self.beat = time.monotonic()
