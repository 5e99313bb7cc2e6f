"""Ledgers: real files, each in a directory of its own."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from reconciler.ledger.opening import open_ledger
from reconciler.ledger.writer import Ledger
from tests.ledger.calls import OpenLedger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a ledger is or will be."""
    return tmp_path / "ledger.db"


@pytest.fixture
def reopen(path: Path) -> Iterator[OpenLedger]:
    """Open the one ledger of the test; what was open before is closed. The contract suite needs no more."""
    with ExitStack() as last:

        def open_again() -> Ledger:
            last.close()
            return last.enter_context(open_ledger(path, keep_text=True))

        yield open_again


@pytest.fixture
def ledger(reopen: OpenLedger) -> Ledger:
    """A new ledger that keeps texts."""
    return reopen()
