"""`reconciler demo`: watch manifests against the sandbox."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from reconciler.cli.apply import apply_once, exit_code
from reconciler.cli.exit_code import ExitCode
from reconciler.cli.guarding import guards_with
from reconciler.cli.log import log_to_stderr
from reconciler.cli.options import SERVING, paths, settings
from reconciler.cli.output import document, styled
from reconciler.cli.plan import show_unread
from reconciler.cli.sending import stop_signal
from reconciler.cli.serving import daemon, run_until
from reconciler.cli.survey import expect_there
from reconciler.core.call import Call
from reconciler.core.notice import Notice
from reconciler.core.problem import Problem
from reconciler.core.report import Report
from reconciler.reconcile.planning import PassPlan
from reconciler.render.call_line import call_line
from reconciler.render.figures import figures
from reconciler.render.plan_lines import dialog_lines, summary_lines
from reconciler.render.report_lines import report_lines
from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.seed_file import parse_seed
from reconciler.sandbox.server import running_sandbox
from reconciler.settings import Settings, SettingsError
from reconciler.source.directory import Directory

_KEY: Final = "sandbox-api-key"
"""The key that demo.json gives to the sandbox; it opens nothing else."""


class _Shown:
    """An observer that tells a person what happens."""

    def __init__(self, console: Console, rate: float) -> None:
        self._console = console
        self._rate = rate

    def planned(self, plan: PassPlan) -> None:
        """Show a plan."""
        for dialog in plan.dialogs:
            if dialog.actions or dialog.held:
                for line in dialog_lines(dialog, texts=True):
                    self._console.print(styled(line))
        for problem in plan.problems:
            self._console.print(str(problem), style="bad")
        for line in summary_lines(figures(plan.dialogs, self._rate), self._rate, len(plan.problems)):
            self._console.print(styled(line))

    def called(self, call: Call) -> None:
        """Show a call."""
        self._console.print(styled(call_line(call)))

    def reported(self, report: Report) -> None:
        """Show what a pass came to."""
        for line in report_lines(report):
            self._console.print(styled(line))
        self._console.print()

    def failed(self) -> None:
        """Show nothing: what ended the pass is shown as what stands in the way."""

    def noticed(self, notice: Notice) -> None:
        """Show nothing: the plan that follows shows how things stand."""

    def unusable(self, problems: Sequence[Problem]) -> None:
        """Show which files can't be read."""
        for problem in problems:
            self._console.print(str(problem), style="bad")

    def polling(self, reason: str | None) -> None:
        """Show why changes are seen a little later."""
        if reason:
            self._console.print(f"Files are polled: {reason}", style="warn")

    def hindered(self, reason: str | None) -> None:
        """Show what stands in the way."""
        self._console.print(reason or "that is over", style="warn")

    def bug(self, words: str) -> None:
        """Show a mistake in this program."""
        self._console.print(f"a bug: {words}; please report it", style="bad")


@click.command("demo")
@paths()
@settings("rate", "concurrency", *SERVING)
@click.option("--once", is_flag=True, help="Make one pass, print what it came to, and exit.")
def command(settings: Settings, *, once: bool) -> ExitCode:
    """Run the sandbox and the daemon on the manifests under each PATH, and show what happens.

    Nothing leaves this machine: the sandbox is a local stand-in for the chat service, and the
    ledger a temporary file. Change a manifest and see the one call that follows.
    """
    expect_there(Directory(settings.manifests).scan())
    log_to_stderr("warning", "text")
    return asyncio.run(_demo(settings, once=once))


async def _demo(settings: Settings, *, once: bool) -> ExitCode:
    seed = parse_seed(resources.files("reconciler.sandbox").joinpath("demo.json").read_bytes())
    console = document()
    shown = _Shown(console, settings.rate)
    with _temporary_directory() as directory:
        async with running_sandbox(SandboxOptions(seed=seed)) as sandbox:
            console.print(f"Sandbox, a stand-in for the chat service: {sandbox.url}")
            ours = replace(settings, api_url=sandbox.url, ledger=Path(directory, "ledger.db"))
            guards = guards_with(ours, flags=("--ledger", str(ours.ledger)), paths=ours.manifests)
            environ = {"RECONCILER_API_KEY": _KEY}
            if once:
                done = await apply_once(
                    ours, environ, guards=guards, planned=shown.planned, called=shown.called
                )
                shown.reported(done.report)
                show_unread(done.unread)
                return exit_code(done)
            stop = stop_signal()
            async with daemon(ours, environ, [shown], guards=guards) as (made, url):
                paths = ", ".join(str(path) for path in settings.manifests)
                console.print(f"Metrics: {url}/metrics")
                console.print(f"Watching {paths}: edit a manifest and see the call it makes. Ctrl-C stops.\n")
                await run_until(stop, made, settings.grace)
            console.print("Stopped.")
    return ExitCode.DONE


def _temporary_directory() -> "tempfile.TemporaryDirectory[str]":
    try:
        return tempfile.TemporaryDirectory(prefix="reconciler-demo-")
    except OSError as error:
        msg = f"no place for the demo's ledger: {error.strerror}; set TMPDIR to a folder that can be written"
        raise SettingsError(msg) from None
