"""The daemon's own pages, as the runbook names them."""

import re

import pytest

from tests.deploy.rules import ROOT
from tests.program.program import Program

RUNBOOK = ROOT / "docs/runbook.md"


@pytest.mark.slow
def test_the_pages_that_it_names_are_there(program: Program) -> None:
    paths = set(re.findall(r"`(/[\w?=+/]*)`", RUNBOOK.read_text()))
    assert len(paths) > 4
    with program.daemon() as daemon:
        statuses = {path: daemon.get(path).status for path in paths}
        daemon.stop()
    assert {path: status for path, status in statuses.items() if status not in {200, 503}} == {}
