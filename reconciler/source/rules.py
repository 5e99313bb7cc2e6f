"""What manifests are read under."""

import hashlib
from typing import Final, NamedTuple

from reconciler.core.acting import Acting

_LOADER_VERSION: Final = 2
"""To be raised with each change after which the same bytes mean another manifest or problem."""


class Rules(NamedTuple):
    """What the meaning of a manifest depends on beside its bytes. `max_text` is in characters."""

    acting: Acting
    max_text: int = 10_000

    def fingerprint(self) -> bytes:
        """Give a SHA-256 that differs where the same bytes may load to something else."""
        parts = (_LOADER_VERSION, self.acting.default, self.acting.only, self.max_text)
        return hashlib.sha256("\n".join(str(part) for part in parts).encode()).digest()
