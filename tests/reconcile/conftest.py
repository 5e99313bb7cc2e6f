"""A real ledger, written by its one thread."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.ledger.existing import open_reader
from reconciler.ledger.opening import open_ledger
from reconciler.ledger.reader import LedgerReader
from reconciler.ledger.writer import Ledger
from tests.reconcile.parts import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1, "ledger") as executor:
        yield executor


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "ledger.db", keep_text=True) as ledger:
        yield ledger


@pytest.fixture
def reader(ledger: Ledger) -> Iterator[LedgerReader]:
    with open_reader(ledger.path, LedgerReader) as reader:
        yield reader
