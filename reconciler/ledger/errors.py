"""Why a ledger cannot be used. Each class's docstring is its message: what; what to do."""

# ruff: noqa: N818  # the names are states of a ledger; "Error" behind each would say nothing more

import inspect
from datetime import datetime
from pathlib import Path

from reconciler.core.failure import Failure


class LedgerError(Failure):
    """The ledger can't be used; docs/ledger.md describes it."""

    def __init__(self, path: Path, *, what: str | None = None, todo: str | None = None) -> None:
        self.path = path
        default_what, _, default_todo = (inspect.getdoc(type(self)) or "").rstrip(".").partition("; ")
        self.what = what or default_what[:1].lower() + default_what[1:]
        self.todo = todo or default_todo
        super().__init__(f"{path}: {self.what}; {self.todo}")


class LedgerInUse(LedgerError):
    """The ledger is in use by another process; stop that one, or name another file."""

    def __init__(self, path: Path, *, pid: int | None, since: datetime | None) -> None:
        self.pid = pid
        self.since = since
        holder = "another process" if pid is None else f"process {pid}"
        start = "" if since is None else f" since {since:%Y-%m-%d %H:%M:%S} UTC"
        super().__init__(path, what=f"the ledger is in use by {holder}{start}")


class LedgerMissing(LedgerError):
    """There is no ledger; name the one that `apply` or `run` writes: --ledger or RECONCILER_LEDGER."""


class LedgerDirectoryMissing(LedgerError):
    """The directory of the ledger doesn't exist; make it, or name another file."""


class LedgerDirectoryUnwritable(LedgerError):
    """The directory of the ledger can't be written; let this user write it, or name another file."""


class LedgerOnNetwork(LedgerError):
    """SQLite is not safe on a network file system; name a file on a local disk."""

    def __init__(self, path: Path, file_system: str) -> None:
        super().__init__(path, what=f"SQLite is not safe on a network file system, and this is {file_system}")


class LedgerNotRegular(LedgerError):
    """The ledger is not a plain file; name the file itself, under the one name it has."""


class LedgerEmpty(LedgerError):
    """The file is empty, which a ledger never is; restore a backup, or delete the file to begin anew."""


class LedgerTorn(LedgerError):
    """The ledger is gone but its -wal file is not; restore both, or delete the -wal to begin anew."""


class LedgerNotSqlite(LedgerError):
    """The file is not a SQLite database; name another file, this one was left as it is."""


class LedgerForeign(LedgerError):
    """The file is another program's SQLite database; name another file, this one was left as it is."""


class LedgerDamaged(LedgerError):
    """The ledger is damaged; restore a backup, or move the file away to begin anew."""


class LedgerNewer(LedgerError):
    """The ledger was written by a newer release; run that release, or name another file."""

    def __init__(self, path: Path, *, version: int, known: int) -> None:
        super().__init__(
            path, what=f"the ledger has version {version} and this release knows versions up to {known}"
        )


class LedgerOutdated(LedgerError):
    """The ledger was written by an older release; `reconciler apply` or `run` brings it up to date."""


class LedgerReplaced(LedgerError):
    """The ledger was deleted or replaced while in use; put the file back if you can, then start again."""


class LedgerUnwritable(LedgerError):
    """The ledger can't be written; look at the disk and the file's permissions."""


class LedgerUnreadable(LedgerError):
    """The ledger can't be read; look at the disk and the file's permissions."""


class BackupExists(LedgerError):
    """Something has the backup's name already; name another file, a backup overwrites none."""


class BackupUnwritable(LedgerUnwritable):
    """The backup can't be written; look at the disk and the permissions of the directory."""


class SqliteTooOld(LedgerError):
    """This Python's SQLite is too old; use a Python with SQLite 3.37 or newer."""
