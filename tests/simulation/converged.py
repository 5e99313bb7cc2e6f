"""What must be true once all trouble ended: everything declared is applied, or refused and reported so."""

import hashlib
import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Final, NamedTuple

from reconciler.core.applied import AppliedDialogMark
from reconciler.core.change_key import ChangeKey
from reconciler.core.condition import Condition, HeldReason
from reconciler.core.file_report import DialogReport
from reconciler.core.message import DialogId
from reconciler.ledger.existing import open_reader
from reconciler.ledger.reader import LedgerReader
from tests.chat_api.virtual_time import virtual_loop
from tests.simulation.declared import DELIVERED, READ, Version
from tests.simulation.flavour import OCCUPANTS
from tests.simulation.world import World

_LATE: Final = timedelta(seconds=10)
"""By how much a dialog may be marked again too late."""

_NOTICES_CLOCK: Final = 2.5
"""Seconds after which a clock that is set must be noticed: a beat, and the turn after it."""

_SETTLED: Final = frozenset({Condition.IN_SYNC, Condition.STALLED, Condition.SUSPENDED, Condition.INVALID})


class Missing(NamedTuple):
    """A mark, or the text where `mark` is None, of one message or of the whole dialog."""

    message: str | None
    mark: str | None
    user: int


def left_to_do(world: World) -> str | None:
    """Say what the reconciler still has to do, if anything."""
    daemon = world.life.daemon
    if world.network.busy or daemon.sending or not daemon.health.first_pass_done:
        return f"calls under way, or no first pass; {daemon.health.hindrance}"
    # What the service said last stands until there is another call to make.
    hindrances = {of: why for of, why in daemon.health.hindrances.items() if of != "service" and why}
    if hindrances:
        return f"{hindrances}"
    on_disk = {path: hashlib.sha256(data).digest() for path, data in world.folder.on_disk().items()}
    if on_disk != {path: report.content for path, report in daemon.files.items()}:
        return "files that are not read"
    now = world.clock()
    soon = now + timedelta(minutes=1)
    # Times to come are slept for: a clock that is set meanwhile is seen at the next beat, and not before.
    clock_just_set = world.clock.set_ago() < _NOTICES_CLOCK
    for dialog in _reports(world).values():
        due = clock_just_set and dialog.due_at and dialog.due_at <= now
        waits = {HeldReason.BACKING_OFF, HeldReason.GUARDED} & dialog.held.keys()
        resumes = dialog.condition is Condition.SUSPENDED and dialog.due_at and dialog.due_at <= soon
        if dialog.condition not in _SETTLED or dialog.pending or waits or resumes or due:
            return f"{dialog}"
    return None


def check_converged(world: World) -> Iterator[str]:
    """Give what is declared and neither applied nor reported, and which texts the ledger has wrong."""
    yield from _check_texts(world)
    reports = _reports(world)
    for dialog, version in world.timeline.last().items():
        report = reports.get(dialog)
        if report is None:
            yield f"{version.name}: no report of it"
        elif report.condition is Condition.SUSPENDED:
            if version.suspended_until is None or version.suspended_until <= world.clock():
                yield f"{version.name}: reported as suspended, and is not"
        else:
            missing = _missing(world, version)
            if missing and report.condition is not Condition.STALLED:
                yield f"{version.name}: {report.condition} without {missing}"
            if not missing and report.condition is Condition.STALLED:
                yield f"{version.name}: stalled, and nothing is missing"
            if report.condition is Condition.STALLED:
                yield from (
                    f"{version.name}: stalled, and without {part} too" for part in _overdue(world, version)
                )


def check_freed(world: World) -> Iterator[str]:
    """Give what is still missing after a retry of everything, though no rule of the service's refuses it."""
    for dialog, version in world.timeline.last().items():
        report = _reports(world).get(dialog)
        if report is None or report.condition is not Condition.STALLED:
            continue
        for part in _missing(world, version):
            if not _refused_for_good(world, part):
                yield f"{version.name}: stalled after a retry, and nothing refuses {part}"


def _reports(world: World) -> dict[str, DialogReport]:
    reports = [dialog for file in world.life.daemon.files.values() for dialog in file.dialogs]
    return {dialog.dialog.value: dialog for dialog in reports if dialog.dialog is not None}


def _check_texts(world: World) -> Iterator[str]:
    """Hold every text that the ledger is certain of against the service's, declared or not."""
    with open_reader(world.ledger, LedgerReader) as reader:
        for dialog in world.sandbox.chat.dialogs.values():
            for message, text in reader.applied(DialogId(dialog.id)).texts.items():
                said = dialog.messages[message.value].text
                if text.certain and (text.text is None or text.text.reveal() != said):
                    yield f"the ledger has another text of {message} than the service"


def _missing(world: World, version: Version) -> list[Missing]:
    """Give what is declared and not applied as the ledger says, or not there as the service says.

    Only marks of messages that do not exist are taken on the ledger's word: they may have come with
    one of the whole dialog, which reaches whatever there is.
    """
    with open_reader(world.ledger, LedgerReader) as reader:
        applied = reader.applied(DialogId(version.dialog))
    texts = {message.value: text for message, text in applied.texts.items() if text.certain}
    marks = {(mark.message.value, mark.mark.value, mark.user.value) for mark in applied.marks}
    dialog_marks = {(mark.mark.value, mark.user.value): made for mark, made in applied.dialog_marks.items()}
    missing: list[Missing] = []
    for message in version.messages:
        there = world.sandbox.chat.messages.get(message.id)
        if message.text is not None:
            known = texts.get(message.id)
            in_ledger = known is not None and known.text is not None and known.text.reveal() == message.text
            if not in_ledger or there is None or there.text != message.text:
                missing.append(Missing(message.id, None, message.author or version.actor))
        for mark in (READ, DELIVERED):
            having = None if there is None else there.read_ids if mark == READ else there.delivered_ids
            missing += [
                Missing(message.id, mark, user)
                for user in message.marked(mark)
                if (message.id, mark, user) not in marks or (having is not None and user not in having)
            ]
    for mark in (READ, DELIVERED):
        for user in version.marked(mark):
            made = dialog_marks.get((mark, user))
            asked = made is not None and version.requested_at in {None, made.requested_at}
            missed = Missing(None, mark, user)
            if made is None or not asked or _is_late(world, version, missed, made):
                missing.append(missed)
    return missing


def _overdue(world: World, version: Version) -> Iterator[Missing]:
    """Give the marks of the dialog that were to be made again by now, and that nothing was said against."""
    with open_reader(world.ledger, LedgerReader) as reader:
        applied = reader.applied(DialogId(version.dialog))
    for (mark, user), made in applied.dialog_marks.items():
        part = Missing(None, mark.value, user.value)
        failed = ChangeKey(None, mark, user) in applied.failed
        if user.value in version.marked(mark.value) and not failed and _is_late(world, version, part, made):
            yield part


def _is_late(world: World, version: Version, part: Missing, made: AppliedDialogMark) -> bool:
    """Tell whether a dialog was to be marked again by now, as the ledger says or as it really was marked.

    What a wrong clock told is made up for once it is put right: an interval counts from then at the latest.
    """
    if version.interval is None:
        return False
    longest = timedelta(minutes=version.interval) + _LATE
    seconds_ago = min(_marked_ago(world, version.dialog, part), world.clock.set_ago())
    return made.at + longest < world.clock() or timedelta(seconds=seconds_ago) > longest


def _marked_ago(world: World, dialog: str, part: Missing) -> float:
    """Give how many virtual seconds ago a dialog was last known to be marked, whatever any clock says."""
    answers = (
        call.answered_at
        for call in world.network.calls
        if call.status == 200 and not call.page and call.method == "PUT" and call.answered_at is not None
        if (call.put.dialog, call.put.message, call.put.actor) == (dialog, None, part.user)
        if part.mark in call.put.marks
    )
    return virtual_loop().time() - max(answers, default=-math.inf)


def _refused_for_good(world: World, part: Missing) -> bool:
    """Tell whether the service refuses this whatever happens."""
    if part.user not in OCCUPANTS:
        return True
    if part.message is None:
        return False
    there = world.sandbox.chat.messages.get(part.message)
    return there is None or (part.mark is None and there.sender != part.user)
