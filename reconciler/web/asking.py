"""Asks the daemon how things stand, through a socket beside the ledger that it writes.

Whoever may read the ledger may ask. Nobody else is asked by mistake: not the daemon of another ledger, and
no program that took its address. So it needs no address, no token, and no setting.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PATIENCE: Final = 10.0
"""Seconds to wait for the other side."""

_LONGEST_NAME: Final = 100
"""Bytes of an address: the kernel takes some more, on some systems 103."""


class NobodyAnswers(Exception):  # noqa: N818  # it is an answer, and a mistake of nobody's
    """No daemon tells anything there; the message is empty where none runs, or says why not."""


def ask(ledger: Path) -> bytes:
    """Give what the daemon that writes `ledger` tells. Raises NobodyAnswers."""
    path = socket_of(ledger)
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            msg = f"{path.name} is no socket; remove it and start the daemon again"
            raise NobodyAnswers(msg)
        # Only now: mostly no daemon runs, and this takes as long to import as all else to be asked.
        import socket  # noqa: PLC0415  # see above

        with socket.socket(socket.AF_UNIX) as connection, address_of(path) as address:
            connection.settimeout(PATIENCE)
            connection.connect(address)
            answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    except (FileNotFoundError, ConnectionRefusedError):
        raise NobodyAnswers from None
    except OSError as error:
        raise NobodyAnswers(error.strerror or str(error)) from None
    if not answer:
        msg = "it is ending, or met a bug"
        raise NobodyAnswers(msg)
    return answer


def socket_of(ledger: Path) -> Path:
    """Give where the socket of a ledger is."""
    return ledger.with_name(f"{ledger.name}.socket")


@contextmanager
def address_of(path: Path) -> Iterator[str]:
    """Give the address of a socket; of one whose path is too long for an address, by way of its folder."""
    if len(os.fsencode(path)) <= _LONGEST_NAME:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
