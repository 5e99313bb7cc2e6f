"""The daemon of which there is something of everything to tell: made once, for it takes a while."""

from collections.abc import Iterator

import pytest

from tests.web.everything import Shown, everything


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """Everything; tests look at it and change nothing."""
    with everything(tmp_path_factory.mktemp("everything")) as running:
        yield running
