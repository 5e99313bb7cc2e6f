"""`reconciler apply`: send what is pending, once."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import click

from reconciler.cli.clock import now
from reconciler.cli.exit_code import ExitCode
from reconciler.cli.guarding import guards_of
from reconciler.cli.login_failure import expect_session, known_rules
from reconciler.cli.options import GUARDING, READING, SENDING, output, paths, retry_rejected, settings
from reconciler.cli.output import commentary, document, print_json
from reconciler.cli.plan import show_problems, show_unread
from reconciler.cli.planned import not_planned, planner
from reconciler.cli.progress import ProgressLine
from reconciler.cli.sending import Sending, sending, stop_signal
from reconciler.cli.survey import survey
from reconciler.cli.terminal import console
from reconciler.core.call import Call
from reconciler.core.condition import HeldReason
from reconciler.core.refusal import Guards
from reconciler.core.report import Report, together
from reconciler.ledger.entry import ForgottenFile
from reconciler.reconcile.one_pass import send_pass
from reconciler.reconcile.planning import PassPlan
from reconciler.reconcile.underway import Underway
from reconciler.render.pace import Flow
from reconciler.render.report_document import report_document
from reconciler.render.report_lines import report_lines
from reconciler.render.words import count
from reconciler.settings import Settings, credential_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a pass came to; `unread` are the paths of files that it lacks: they changed just then.

    `interrupted` tells that a signal came: nothing was sent after it, and so many files are `unplanned`.
    """

    report: Report
    unread: Sequence[str]
    interrupted: bool = False
    unplanned: int = 0


@click.command("apply")
@paths()
@settings(*READING, *SENDING, *GUARDING)
@retry_rejected()
@output("text", "json")
def command(settings: Settings, output: str, *, retry_rejected: bool) -> ExitCode:
    """Send what the manifests under each PATH want and the ledger has not, once.

    Ctrl-C makes no new call, waits for those under way and records their answers. The next apply
    goes on from there.
    """
    done = asyncio.run(_apply(settings, retry_rejected=retry_rejected))
    if output == "json":
        print_json(report_document(done.report))
    else:
        for line in report_lines(done.report):
            document().print(line)
    show_problems(done.report.problems)
    show_unread(done.unread)
    if done.interrupted:
        commentary().print(f"interrupted: {_interruption(done)}", style="warn")
    return exit_code(done)


async def _apply(settings: Settings, *, retry_rejected: bool) -> Done:
    progress = ProgressLine(console(sys.stderr))
    async with progress.running():
        return await apply_once(
            settings,
            os.environ,
            guards=guards_of(settings),
            flows=progress.flows,
            called=progress.called,
            retry_rejected=retry_rejected,
        )


def exit_code(done: Done) -> ExitCode:
    """Give the exit code of a pass: what a guard held weighs most, then what was not applied."""
    if done.report.refusals:
        return ExitCode.GUARDED
    if done.unread or done.report.bugs:
        return ExitCode.ERROR
    failed = {HeldReason.REJECTED, HeldReason.BACKING_OFF}
    dialogs = [dialog for file in done.report.files for dialog in file.dialogs]
    if any(dialog.pending or failed & dialog.held.keys() for dialog in dialogs):
        return ExitCode.PARTLY_APPLIED
    return ExitCode.INVALID_MANIFESTS if done.report.problems else ExitCode.DONE


def _interruption(done: Done) -> str:
    """Say what was sent before a signal came, what is left, and what to do."""
    made = f"{count(len(done.report.calls), 'call')} made and recorded"
    left = [
        (dialog.pending + dialog.held.get(HeldReason.BACKING_OFF, 0))
        for file in done.report.files
        for dialog in file.dialogs
    ]
    if not any(left) and not done.unplanned:
        return f"{made}, nothing is left"
    where = f"{count(sum(left), 'change')} in {count(sum(map(bool, left)), 'dialog')}"
    files = f" and {count(done.unplanned, 'file')} not looked at" if done.unplanned else ""
    return f"{made}, {where} left{files}; run this again, it goes on where it stopped"


async def apply_once(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    guards: Guards,
    flows: Callable[[Flow], None],
    called: Callable[[Call], None],
    planned: Callable[[PassPlan], None] = lambda _: None,
    retry_rejected: bool = False,
) -> Done:
    """Make one pass over all files. SIGTERM and SIGINT end it after the calls under way.

    `flows` is told how to see how the calls flow, `called` of each call, `planned` of the plan.
    """
    stop, kind = stop_signal(), credential_kind(settings, environ)
    async with sending(settings, environ, on_call=called) as parts:
        flows(parts.flow)
        found = survey(settings, known_rules(await parts.identify(), kind), parts.reader)
        for location in found.todo.gone:
            await parts.recorder.write(ForgottenFile(location=location))
        plans = planner(found, parts.reader, guards=guards, retry_rejected=retry_rejected)
        portions = plans.portions(found.todo.files, others=found.others, unusable=found.scan.problems)
        read: set[str] = set()
        cited: set[str] = set()
        logged_in = False

        async def prepare(plan: PassPlan) -> None:
            nonlocal logged_in
            planned(plan)
            read.update(file.file.location for file in plan.files)
            cited.update(plan.cited)
            if not logged_in and any(dialog.actions for dialog in plan.dialogs):
                expect_session(await parts.log_in(), kind)
                logged_in = True

        reports, whole = await _send_all(portions, parts, stop, prepare)
        left = not_planned(found, cited=cited, planned=read)
        return Done(
            report=together(reports),
            unread=left if whole else (),
            unplanned=0 if whole else len(left),
            interrupted=stop.is_set(),
        )


async def _send_all(
    portions: Iterator[PassPlan],
    parts: Sending,
    stop: asyncio.Event,
    prepare: Callable[[PassPlan], Awaitable[None]],
) -> tuple[Sequence[Report], bool]:
    """Send each portion while the next one is planned; tell whether all were planned before `stop`.

    Calls under way are waited for, whatever fails meanwhile.
    """
    underway = Underway()
    stopping = asyncio.ensure_future(stop.wait())
    stopping.add_done_callback(lambda _: underway.call_off_all())
    passes: list[asyncio.Task[Report]] = []
    try:
        while (plan := await asyncio.to_thread(next, portions, None)) is not None:
            await prepare(plan)
            for dialog in plan.dialogs:
                underway.begin(dialog)
            if stop.is_set():
                underway.call_off_all()
            sent = send_pass(plan, sender=parts.sender, recorder=parts.recorder, clock=now, underway=underway)
            passes.append(asyncio.create_task(sent))
            if stop.is_set() or any(each.done() and each.exception() for each in passes):
                break
    except BaseException:
        underway.call_off_all()
        raise
    finally:
        await asyncio.gather(*passes, return_exceptions=True)
        stopping.cancel()
    return [each.result() for each in passes], plan is None
