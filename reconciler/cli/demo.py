"""`reconciler demo`: watch manifests against the sandbox."""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Final

import click

from reconciler.cli.apply import apply_once, exit_code
from reconciler.cli.exit_code import ExitCode
from reconciler.cli.guarding import guards_with
from reconciler.cli.log import log_to_stderr
from reconciler.cli.options import SERVING, paths, settings
from reconciler.cli.output import Output, document
from reconciler.cli.plan import show_unread
from reconciler.cli.progress import ProgressLine
from reconciler.cli.sending import stop_signal
from reconciler.cli.serving import daemon, run_until
from reconciler.cli.survey import expect_there
from reconciler.cli.terminal import console
from reconciler.core.call import Call
from reconciler.core.notice import Notice, Unmanaged, UsableAgain, ValidAgain
from reconciler.core.problem import Problem
from reconciler.core.report import Report
from reconciler.reconcile.planning import PassPlan
from reconciler.render.call_line import call_line
from reconciler.render.line import Line, Piece
from reconciler.render.plan_figures import figures
from reconciler.render.plan_lines import dialog_lines
from reconciler.render.plan_summary import summary_lines
from reconciler.render.report_lines import report_lines
from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.seed_file import parse_seed
from reconciler.sandbox.server import running_sandbox
from reconciler.settings import Settings, SettingsError
from reconciler.source.directory import Directory

_KEY: Final = "sandbox-api-key"
"""The key that demo.json gives to the sandbox; it opens nothing else."""

_WORTH_A_LINE: Final = 2.0
"""Seconds that calls must take for their progress to be shown: each is printed anyway."""


class _Shown:
    """An observer that tells a person what happens."""

    def __init__(self, output: Output, progress: ProgressLine, rate: float) -> None:
        self._output = output
        self._progress = progress
        self._rate = rate

    def _print(self, *lines: Line) -> None:
        with self._progress.aside():
            for line in lines:
                self._output.print(line)

    def planned(self, plan: PassPlan) -> None:
        """Show a plan."""
        for dialog in plan.dialogs:
            if dialog.actions or dialog.held:
                self._print(*dialog_lines(dialog, texts=True))
        self.unusable(plan.problems)
        self._print(*summary_lines(figures(plan.dialogs, self._rate), self._rate, len(plan.problems)))

    def called(self, call: Call) -> None:
        """Show a call."""
        self._progress.called(call)
        self._print(call_line(call))

    def reported(self, report: Report) -> None:
        """Show what a pass came to."""
        self._print(*report_lines(report), ())

    def failed(self) -> None:
        """Show nothing: what ended the pass is shown as what stands in the way."""

    def noticed(self, notice: Notice) -> None:
        """Show which dialog is left; that a manifest is mended, the plan shows."""
        match notice:
            case Unmanaged(dialog=dialog):
                which = dialog.name or str(dialog.origin)
                self._print((Piece(f"{which}: declared no more; it is left as it is", "warn"),))
            case ValidAgain() | UsableAgain():
                pass

    def unusable(self, problems: Sequence[Problem]) -> None:
        """Show which files can't be read."""
        self._print(*((Piece(str(problem), "bad"),) for problem in problems))

    def polling(self, reason: str | None) -> None:
        """Show why changes are seen a little later."""
        if reason:
            self._print((Piece(f"Files are polled: {reason}", "warn"),))

    def hindered(self, by: str, reason: str | None) -> None:
        """Show what stands in the way."""
        del by
        self._print((Piece(reason or "that is over", "warn"),))

    def bug(self, words: str) -> None:
        """Show a mistake in this program."""
        self._print((Piece(f"a bug: {words}; please report it", "bad"),))


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
    return asyncio.run(_demo(settings, once=once))


async def _demo(settings: Settings, *, once: bool) -> ExitCode:
    seed = parse_seed(resources.files("reconciler.sandbox").joinpath("demo.json").read_bytes())
    output = document()
    progress = ProgressLine(console(sys.stderr), shortest=_WORTH_A_LINE)
    log_to_stderr("warning", "text", aside=progress.aside)
    shown = _Shown(output, progress, settings.rate)
    with _temporary_directory() as directory:
        async with running_sandbox(SandboxOptions(seed=seed)) as sandbox:
            output.print(f"Sandbox, a stand-in for the chat service: {sandbox.url}")
            ours = replace(settings, api_url=sandbox.url, ledger=Path(directory, "ledger.db"))
            guards = guards_with(ours, flags=("--ledger", str(ours.ledger)), paths=ours.manifests)
            environ = {"RECONCILER_API_KEY": _KEY}
            if once:
                async with progress.running():
                    done = await apply_once(
                        ours,
                        environ,
                        guards=guards,
                        flows=progress.flows,
                        planned=shown.planned,
                        called=shown.called,
                    )
                shown.reported(done.report)
                show_unread(done.unread)
                return exit_code(done)
            stop = stop_signal()
            made_with = daemon(ours, environ, [shown], guards=guards, flows=progress.flows)
            async with progress.running(), made_with as (made, url):
                paths = ", ".join(str(path) for path in settings.manifests)
                output.print(f"Status page: {url}/")
                output.print(f"Metrics: {url}/metrics")
                output.print(f"Watching {paths}: edit a manifest and see the call it makes. Ctrl-C stops.\n")
                await run_until(stop, made, settings.grace)
            output.print("Stopped.")
    return ExitCode.DONE


def _temporary_directory() -> "tempfile.TemporaryDirectory[str]":
    try:
        return tempfile.TemporaryDirectory(prefix="reconciler-demo-")
    except OSError as error:
        msg = f"no place for the demo's ledger: {error.strerror}; set TMPDIR to a folder that can be written"
        raise SettingsError(msg) from None
