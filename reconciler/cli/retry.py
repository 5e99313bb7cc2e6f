"""`reconciler retry`: let what the service rejected be sent again."""

from datetime import UTC, datetime

import click

from reconciler.cli.dialog_name import dialogs_named
from reconciler.cli.exit_code import ExitCode
from reconciler.cli.options import settings
from reconciler.cli.output import document
from reconciler.cli.person import person
from reconciler.cli.typed import Name, Reason
from reconciler.core.message import DialogId
from reconciler.ledger.existing import open_reader
from reconciler.ledger.opening import open_requests
from reconciler.ledger.reader import LedgerReader
from reconciler.render.words import count, visible
from reconciler.settings import Settings


@click.command("retry")
@settings("ledger")
@click.option("--dialog", type=Name(), metavar="NAME", help="Only in the dialog of this name or id.")
@click.option("--reason", type=Reason(), metavar="TEXT", help="Why; it stands in the history.")
def command(settings: Settings, dialog: str | None, reason: str | None) -> ExitCode:
    """Free what the service rejected: it is sent again although its manifest did not change.

    Works while a daemon runs, which then sends it; else the next `apply` or `run` does.
    """
    with open_requests(settings.ledger) as requests:
        freed = sum(
            requests.retry(which, reason=reason or "", by=person(), at=datetime.now(UTC))
            for which in _dialogs(settings, dialog)
        )
    where = "" if dialog is None else f' in "{visible(dialog)}"'
    document().print(
        f"{count(freed, 'rejected change')}{where} can be sent again: "
        "a running daemon does so now, otherwise the next `reconciler apply` does."
        if freed
        else f"Nothing is rejected{where}."
    )
    return ExitCode.DONE


def _dialogs(settings: Settings, name: str | None) -> tuple[DialogId | None, ...]:
    """Give the dialogs to free, where None stands for all. Raises DialogUnknown."""
    if name is None:
        return (None,)
    with open_reader(settings.ledger, LedgerReader) as ledger:
        return dialogs_named(name, ledger)
