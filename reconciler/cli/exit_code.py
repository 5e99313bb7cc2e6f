"""Exit codes: an interface, the same for every output format."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's end means to the shell."""

    DONE = 0
    ERROR = 1
    CHANGES_PENDING = 2
    """Only with `plan --exit-code`."""
    INVALID_MANIFESTS = 3
    GUARDED = 4
    """A guard held something: whatever else came of it, a person has to approve or correct that."""
    PARTLY_APPLIED = 5
    LEDGER_IN_USE = 6
    USAGE = 64
