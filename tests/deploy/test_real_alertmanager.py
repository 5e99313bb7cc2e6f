"""An alert on its whole way: daemon, Prometheus, Alertmanager, and whoever is told."""

from pathlib import Path

import pytest

from tests.deploy.listening import ALERTMANAGER, PROMETHEUS
from tests.deploy.monitoring import address, alertmanager, prometheus
from tests.deploy.webhook import webhook
from tests.program.chat import STRANGER, manifest
from tests.program.program import Program
from tests.program.waiting import wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        PROMETHEUS is None or ALERTMANAGER is None,
        reason="Debian's prometheus and prometheus-alertmanager are not on this machine",
    ),
]

DOCS = "https://git.example/reconciler/"


def test_a_ticket_is_told_and_taken_back_and_a_daemon_that_is_gone_is_a_page(
    program: Program, tmp_path: Path
) -> None:
    program.declare("one.yaml", manifest(1, messages={0: f"read: [{STRANGER}]"}))
    with (
        webhook() as people,
        alertmanager(tmp_path / "alertmanager", people.url) as manager,
        program.daemon() as daemon,
        prometheus(tmp_path / "prometheus", [address(daemon)], alertmanager=manager, docs=DOCS),
    ):
        target = address(daemon)
        stalled = wait_for(lambda: people.told("ReconcilerDialogsStalled", "firing"), "the ticket is told")
        assert stalled.path == "/tickets"
        assert stalled.labels == {
            "alertname": "ReconcilerDialogsStalled",
            "severity": "ticket",
            "job": "reconciler",
            "instance": target,
            "reason": "rejected",
        }
        assert (
            stalled.annotations["summary"]
            == f"The chat service refuses changes of the reconciler at {target}"
        )
        assert "refused them for good: 1." in stalled.annotations["description"]
        assert stalled.annotations["runbook_url"] == f"{DOCS}docs/runbook.md#reconcilerdialogsstalled"

        program.declare("one.yaml", manifest(1, messages={0: "text: hello"}))
        wait_for(lambda: people.told("ReconcilerDialogsStalled", "resolved"), "the ticket is taken back")
        assert people.told("ReconcilerDown", "firing") is None

        daemon.stop()
        down = wait_for(lambda: people.told("ReconcilerDown", "firing"), "the page is told")
        assert (down.path, down.labels["severity"], down.labels["instance"]) == ("/pages", "page", target)
        assert down.annotations["summary"] == f"The reconciler is down ({target}); nothing is sent"
        assert down.annotations["runbook_url"] == f"{DOCS}docs/runbook.md#reconcilerdown"
