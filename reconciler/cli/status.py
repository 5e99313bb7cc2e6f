"""`reconciler status`: how everything stands, told by the daemon where one runs, else from the ledger."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from reconciler.cli.clock import now
from reconciler.cli.exit_code import ExitCode
from reconciler.cli.options import output, settings
from reconciler.cli.output import commentary, print_json
from reconciler.cli.status_text import print_status
from reconciler.core.doubt import Doubt, oldest
from reconciler.core.file_report import all_problems
from reconciler.ledger.errors import LedgerError
from reconciler.ledger.existing import open_existing
from reconciler.ledger.standing import StandingReader, Totals
from reconciler.settings import Settings
from reconciler.web.asking import NobodyAnswers, ask
from reconciler.web.status import FORMAT, status_document
from reconciler.web.summary import long_in_doubt, summarize

_NOTHING_YET = (
    "no pass has recorded how a manifest stands yet; the first one is under way, or none came that far"
)

_MANY = 50
"""Dialogs, the worst first, and problems that are shown unless all are asked for: more push the rest away."""

_RECORDED = "this is how everything stood after the last pass"

_NOBODY = f"no daemon runs on this ledger; {_RECORDED}"


@click.command("status")
@settings("ledger")
@click.option(
    "--all", "everything", is_flag=True, help="Show all dialogs and problems, and not some of many."
)
@output("text", "json")
def command(settings: Settings, output: str, *, everything: bool) -> ExitCode:
    """Show how everything stands: in a sentence, what needs a person, each dialog, each problem.

    The daemon tells it, where one runs on this ledger: it is asked through a socket beside the
    ledger, and no other daemon ever is. Else it is what the last pass left in the ledger, and a
    line on stderr says so.
    """
    told, silence = _told(settings.ledger)
    most = None if everything else _MANY
    try:
        with open_existing(settings.ledger, StandingReader) as ledger:
            in_doubt = ledger.in_doubt()
            status = told or _recorded(ledger, in_doubt)
            status["calls"] = _calls(ledger.totals(in_doubt))
    except LedgerError:
        if told is not None:
            _show(told, output, most=most)
        raise
    if silence:
        commentary().print(f"{settings.ledger}: {silence}", style="warn")
    if told is None and not (status["dialogs"] or status["problems"]):
        commentary().print(f"{settings.ledger}: {_NOTHING_YET}", style="warn")
    _show(status, output, most=most)
    return ExitCode.DONE


def _show(status: dict[str, Any], output: str, *, most: int | None) -> None:
    if output == "json":
        print_json(status)
    else:
        print_status(status, now(), most)


def _told(ledger: Path) -> tuple[dict[str, Any] | None, str]:
    """Give what the daemon tells; where it tells nothing of use, None and why."""
    try:
        status: dict[str, Any] = json.loads(ask(ledger))
    except NobodyAnswers as silence:
        return None, f"the daemon can't be asked: {silence}; {_RECORDED}" if str(silence) else _NOBODY
    if status["format"] != FORMAT:
        return None, f"the daemon is of another version, {status['daemon']['version']}; {_RECORDED}"
    return status, ""


def _recorded(ledger: StandingReader, in_doubt: Sequence[Doubt]) -> dict[str, Any]:
    """Give what the ledger knows."""
    files = tuple(ledger.known_files().values())
    doubted = long_in_doubt(oldest(in_doubt), now())
    summary = summarize(files, hindrances={}, doubted=doubted, ledger=ledger.path)
    dialogs = (dialog for file in files for dialog in file.dialogs)
    return status_document(summary, dialogs, all_problems(files), ledger.path)


def _calls(totals: Totals) -> dict[str, Any]:
    return {
        "applied": totals.applied,
        "deferred": totals.deferred,
        "rejected": totals.rejected,
        "inDoubt": totals.in_doubt,
        "lastSentAt": totals.last_sent_at and totals.last_sent_at.isoformat(),
    }
