"""How a sandbox runs, and what it assumes where the published contract is silent or contradicts itself."""

import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.sandbox.faults import FaultRule
from reconciler.sandbox.json_object import SandboxInputError
from reconciler.sandbox.rate_limit import RateLimit
from reconciler.sandbox.seed import Seed


class Reading(StrEnum):
    """What `read=1` with one message id marks.

    The vendor's page says both: its parameter table one message, its recipes the whole dialog.
    """

    MESSAGE = "message"
    DIALOG = "dialog"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What the sandbox takes for true where the contract does not tell."""

    reading: Reading = Reading.MESSAGE
    several_ids: bool = False
    """Whether `PUT /chat/Message/{id1},{id2}.json` marks several messages; 404 otherwise."""
    id_filter: bool = False
    """Whether List Messages knows `_id[in]`, which only the page of 2018 has; ignored otherwise."""
    authors_only: bool = True
    """Whether a text may be edited only by the message's sender."""
    atomic: bool = True
    """Whether a refused text keeps the marks of the same body from being applied."""
    page_limit: int = 100
    """The largest page of List Messages; a larger `limit` is cut to it silently."""
    session_lifetime: float = 7200.0
    """Seconds that a session lives after its last request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """How a sandbox runs. Raises SandboxInputError where `host` is not loopback and nobody allowed it."""

    seed: Seed = field(default_factory=Seed)
    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free port."""
    allow_remote: bool = False
    """Whether `host` may be reached from other machines. Nothing protects `/_sandbox/`."""
    assumptions: Assumptions = field(default_factory=Assumptions)
    rate_limit: RateLimit | None = None
    faults: tuple[FaultRule, ...] = ()
    chance: int = 0
    """Seeds the dice of faults with a probability or a jitter."""
    log_size: int = 100_000
    """Requests that the log keeps; the oldest go first."""
    keepalive: float = 75.0
    """Seconds after which an idle connection is closed."""
    clock: Callable[[], float] = time.time
    """Gives unix time in seconds: for sessions and the messages' dates."""

    def __post_init__(self) -> None:
        """Refuse to be reached from elsewhere by accident."""
        if not (self.allow_remote or _is_loopback(self.host)):
            problem = f"host {self.host}: is not loopback, and whoever reaches a sandbox controls it"
            raise SandboxInputError([f"{problem}; use 127.0.0.1, or allow remote access explicitly"])


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
