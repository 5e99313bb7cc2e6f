"""How long a wait for another attempt may be; see `backoff`."""

from datetime import timedelta
from typing import Final

LONGEST: Final = 300.0
"""Seconds that we wait of our own accord."""

LONGEST_ASKED: Final = 60.0
"""Seconds that we wait on top of that where the service asks for it."""

LONGEST_WAIT: Final = timedelta(seconds=LONGEST + LONGEST_ASKED)
"""No wait is longer. One that seems to be is of a clock that was set back since: it is over."""
