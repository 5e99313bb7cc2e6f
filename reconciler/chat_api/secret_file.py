"""Secrets that files hold, read again when a file has other content: a rotation needs no restart.

A file that cannot be used keeps what was read from it before. One that was put in its place by a
rename, as Kubernetes and careful writers do, is whole and taken at once. One that was written in
place may be half written: it is taken once it stayed the same for a second, or at once where the
service refuses what we have.
"""

import logging
import os
import stat
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from reconciler.chat_api.errors import CredentialError
from reconciler.chat_api.secret import LONGEST, TOKEN, Form, Secret, secret_from_value

Notice = Callable[[int, str], None]
"""Takes a level of `logging` and words for an operator; there is no secret in them."""

_QUIET: Final = 1.0
"""Seconds for which a file that was written in place must stay the same."""

_BYTES_A_CHARACTER: Final = 4


class _Content(NamedTuple):
    """What a file held when it was read, and which file in which state that was."""

    secret: Secret
    inode: tuple[int, int]
    state: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Another secret in a file that was written in place, and since when it is known."""

    secret: Secret
    seen_at: float


class SecretFile:
    """A secret in the regular file that a setting names. `reveal` gives what is in use.

    `edition` grows with each other content; `trouble` says why the file cannot be used now.
    `clock` gives seconds that never go back.

    Raises CredentialError, which names `setting` but not the path: a person may have put the
    secret itself there.
    """

    __slots__ = (
        "_candidate",
        "_clock",
        "_form",
        "_path",
        "_refused",
        "_state",
        "_used",
        "edition",
        "setting",
        "trouble",
    )

    def __init__(
        self,
        path: Path,
        *,
        setting: str,
        form: Form = TOKEN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self.setting = setting
        self._form = form
        self._clock = clock
        self._used = _read(path, setting, form)
        self._state: tuple[int, ...] | None = None
        self._candidate: _Candidate | None = None
        self._refused = False
        self.edition = 0
        self.trouble: str | None = None

    def __repr__(self) -> str:
        """Show which setting this is of."""
        return f"SecretFile({self.setting})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse to be pickled or copied, as what is inside does."""
        msg = "a secret is not pickled or copied"
        raise TypeError(msg)

    def reveal(self) -> str:
        """Give the secret itself."""
        return self._used.secret.reveal()

    def look(self, *, refused: bool = False) -> None:
        """Read the file again where its state on disk is another, and take what it holds.

        `refused` tells that the service refuses what is in use: any other secret is better.
        """
        self._refused |= refused
        if self._state is not None and self._state == _state(self._path):
            return
        self._state = None
        try:
            found = _read(self._path, self.setting, self._form)
        except CredentialError as error:
            self.trouble = f"{error}; until then what was read before stays in use"
            return
        self.trouble = None
        if found.secret.reveal() == self.reveal():
            self._used, self._candidate, self._state = found, None, found.state
        elif self._refused or found.inode != self._used.inode or self._has_settled(found.secret):
            self._used, self._candidate, self._refused = found, None, False
            self.edition += 1

    def notice(self) -> str:
        """Give what is to be told of a new edition."""
        return f"{self.setting}: holds another secret now; it is used from here on"

    def _has_settled(self, found: Secret) -> bool:
        """Tell whether a file that was written in place stayed the same long enough."""
        now = self._clock()
        if self._candidate is None or self._candidate.secret.reveal() != found.reveal():
            self._candidate = _Candidate(found, now)
        return now - self._candidate.seen_at >= _QUIET


class SecretFiles:
    """The secret files of one credential, looked at together; tells of what it finds.

    `editions` differ once any of the files has other content. It keeps in mind which were used last.
    """

    def __init__(self, secrets: Sequence[Secret | SecretFile], notice: Notice) -> None:
        self._files = tuple(secret for secret in secrets if isinstance(secret, SecretFile))
        self._notice = notice
        self._used = self.editions

    @property
    def editions(self) -> tuple[int, ...]:
        """Give what differs once any of the files has other content."""
        return tuple(file.edition for file in self._files)

    def use(self) -> tuple[int, ...]:
        """Take note that what the files were found to hold is used from here on; give its editions."""
        self._used = self.editions
        return self._used

    def rotated(self) -> bool:
        """Look; tell, once, that the files hold something else than what was last used."""
        self.look()
        before = self._used
        return self.use() != before

    def refused(self, editions: object = None) -> bool:
        """Look; tell whether the files hold something else than what was refused.

        That is `editions`, or else what was last used.
        """
        refused = self._used if editions is None else editions
        self.look(refused=self.editions == refused)
        return self.use() != refused

    def look(self, *, refused: bool = False) -> None:
        """Look at each file; see `SecretFile.look`."""
        for file in self._files:
            edition, trouble = file.edition, file.trouble
            file.look(refused=refused)
            if file.trouble is not None and file.trouble != trouble:
                self._notice(logging.WARNING, file.trouble)
            if file.edition != edition:
                self._notice(logging.INFO, file.notice())


def _read(path: Path, setting: str, form: Form) -> _Content:
    """Read a secret. Raises CredentialError."""
    try:
        # Not to wait: opening a pipe would, until somebody writes to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            regular = stat.S_ISREG(status.st_mode)
            content = os.read(descriptor, LONGEST * _BYTES_A_CHARACTER + 3) if regular else b""
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        what, todo = "names a file that does not exist", "name the file that holds the secret"
    except PermissionError:
        what, todo = "names a file that may not be read", "let this process's user read it"
    except (OSError, ValueError):
        what, todo = "names a file that cannot be read", "name a readable file"
    else:
        if regular:
            text = content.decode(errors="surrogateescape")
            secret = secret_from_value(text, setting=setting, form=form)
            return _Content(secret, (status.st_dev, status.st_ino), _as_state(status))
        what, todo = "does not name a regular file", "name a file that holds the secret"
    raise CredentialError(setting=setting, what=what, todo=todo)


def _state(path: Path) -> tuple[int, ...] | None:
    """Give what differs once a file was written or another one took its place."""
    try:
        return _as_state(path.stat())
    except (OSError, ValueError):
        return None


def _as_state(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
