"""Which manifest files a pass has to look at, and which it need not open."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reconciler.core.clock import was_ahead
from reconciler.core.condition import Condition, HeldReason
from reconciler.core.file_report import DialogReport, FileReport
from reconciler.core.message import DialogId
from reconciler.core.waits import LONGEST_WAIT
from reconciler.source.directory import ManifestFile, Scan, lies_under, location_of

_IN_SYNC: Final = Condition.IN_SYNC


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What a scan asks for, given what is known of the files.

    `changed` are new or have other content, or were read under other settings; `edited` are those
    of the former two kinds. `unsettled` are as known, but how they stand depends on others: they
    are looked at whenever anything is. `due` are as known, and their time has come. `gone` are
    locations that no longer exist: their dialogs are not managed any more. `next_due` is when the
    next of the others becomes due.
    """

    changed: tuple[ManifestFile, ...]
    edited: tuple[ManifestFile, ...]
    unsettled: tuple[ManifestFile, ...]
    due: tuple[ManifestFile, ...]
    waiting: tuple[ManifestFile, ...]
    gone: tuple[str, ...]
    next_due: datetime | None

    @property
    def news(self) -> bool:
        """Tell whether the files differ from what is known."""
        return bool(self.changed or self.gone)

    @property
    def files(self) -> tuple[ManifestFile, ...]:
        """Give all files that are worth a look, changed ones first."""
        return (*self.changed, *self.unsettled, *self.due, *self.waiting)


def agenda(
    scan: Scan,
    known: Mapping[str, FileReport],
    rules: bytes,
    now: datetime,
    *,
    under_way: AbstractSet[DialogId] = frozenset(),
    recording: AbstractSet[str] = frozenset(),
) -> Agenda:
    """Sort the scanned files by why they are to be looked at; most are not.

    The dialogs `under_way` make no file due: they come back on their own. Nor is a file due at one
    of the locations `recording`: when it is due will be told in a moment.
    """
    changed: list[ManifestFile] = []
    edited: list[ManifestFile] = []
    unsettled: list[ManifestFile] = []
    due: list[ManifestFile] = []
    waiting: list[ManifestFile] = []
    times: list[datetime] = []
    for file in scan.files:
        report = known.get(file.location)
        if report is None or report.content != file.content:
            edited.append(file)
            changed.append(file)
            continue
        if report.rules != rules:
            changed.append(file)
            continue
        if _rests(report):
            continue
        due_at = None if file.location in recording else _due_at(report, under_way, now)
        if due_at is not None and due_at <= now:
            due.append(file)
        else:
            if due_at is not None:
                times.append(due_at)
            if not report.settled:
                unsettled.append(file)
            elif any(dialog.condition is not _IN_SYNC for dialog in report.dialogs):
                waiting.append(file)
    return Agenda(
        changed=tuple(changed),
        edited=tuple(edited),
        unsettled=tuple(unsettled),
        due=tuple(due),
        waiting=tuple(waiting),
        gone=_gone(scan, known),
        next_due=min(times, default=None),
    )


def _rests(report: FileReport) -> bool:
    """Tell whether nothing is to be done for a file before it changes, as with most: this is to be quick."""
    if report.due_at is not None or not report.settled:
        return False
    for dialog in report.dialogs:  # noqa: SIM110  # `all` and its generator take three times as long
        if dialog.condition is not _IN_SYNC:
            return False
    return True


def hindrance(scan: Scan) -> str | None:
    """Give what stands in the way of acting on all that is declared, in words."""
    if scan.busy is not None:
        return scan.busy
    if scan.missing:
        return f"{', '.join(scan.missing)}: not there; its dialogs stay as they are until it is back"
    if scan.empty:
        return f"{', '.join(scan.empty)}: no manifests there; its dialogs stay as they are until some are"
    if not scan.complete:
        return "not all manifests could be seen; looking again"
    return None


def _due_at(report: FileReport, under_way: AbstractSet[DialogId], now: datetime) -> datetime | None:
    """Give when the file is to be looked at again, for the sake of dialogs that are not under way.

    A report that seems to be of a time to come is of a clock that was set back since, and so are its
    times: it is due. The same holds for a retry that seems further away than any wait.
    """
    if report.due_at is None:
        return None
    dialogs = [dialog for dialog in report.dialogs if dialog.dialog not in under_way]
    times = (dialog.due_at for dialog in dialogs)
    due_at = min((time for time in times if time is not None), default=None) if under_way else report.due_at
    if due_at is None:
        return None
    told_ahead = report.at is not None and was_ahead(report.at, now)
    waits_too_long = due_at > now + LONGEST_WAIT and any(_waits(dialog) for dialog in dialogs)
    return now if told_ahead or waits_too_long else due_at


def _waits(dialog: DialogReport) -> bool:
    """Tell whether there are calls that only time keeps from being made."""
    return dialog.pending > 0 or HeldReason.BACKING_OFF in dialog.held


def _gone(scan: Scan, known: Mapping[str, FileReport]) -> tuple[str, ...]:
    """Give what was there and is not. An empty or vanished root never means "nothing is wanted"."""
    there = {file.location for file in scan.files}
    if not scan.seen or known.keys() <= there:
        return ()
    unusable = {location_of(problem.origin.path, scan.here) for problem in scan.problems}
    away = [location_of(root, scan.here) for root in (*scan.missing, *scan.empty)]
    return tuple(
        location
        for location in sorted(known.keys() - there - unusable)
        if not any(lies_under(location, root) for root in away)
    )
