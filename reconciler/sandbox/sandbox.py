"""A sandbox without its server: the chat, who may enter, the faults and the log."""

from reconciler.sandbox.access import Access
from reconciler.sandbox.chat import Chat
from reconciler.sandbox.endpoints import Endpoints
from reconciler.sandbox.faults import Faults
from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.rate_limit import SlidingWindow
from reconciler.sandbox.request_log import RequestLog
from reconciler.sandbox.seed import Seed


class Sandbox:
    """All that tests look at and change. `url` is set once the server listens: `http://127.0.0.1:40123`.

    Raises SandboxInputError where the seed contradicts itself.
    """

    def __init__(self, options: SandboxOptions) -> None:
        self.options = options
        self.url = ""
        self.chat = Chat(options.seed, options.clock)
        self.access = Access(options.seed.credentials, options.assumptions.session_lifetime, options.clock)
        self.endpoints = Endpoints(self.chat, self.access, options.assumptions)
        self.faults = Faults(options.faults, options.chance)
        self.log = RequestLog(options.log_size)
        self.rate_limit = options.rate_limit
        self._admitted = SlidingWindow()

    def add(self, seed: Seed) -> None:
        """Add a seed to what is there: later messages, say. Raises SandboxInputError."""
        self.chat.add(seed)
        self.access.add(seed.credentials)

    def admits(self, monotonic: float) -> bool:
        """Tell whether the rate limit lets a call through, and count it if so; refused calls don't count."""
        if self.rate_limit is not None and self._admitted.count(monotonic) >= self.rate_limit.calls:
            return False
        self._admitted.add(monotonic)
        return True
