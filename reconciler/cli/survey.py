"""The reading side put together: settings in, a look at all manifests and the plan out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reconciler.cli.clock import now
from reconciler.core.acting import Acting
from reconciler.core.failure import Failure
from reconciler.core.file_report import FileReport
from reconciler.core.message import UserId
from reconciler.ledger.file_reader import FileReader
from reconciler.reconcile.agenda import Agenda, agenda
from reconciler.settings import Settings, credential_kind
from reconciler.source.directory import Directory, Scan, lies_under, location_of
from reconciler.source.rules import Rules


class SourceError(Failure):
    """The manifests can't be read now."""


def rules(settings: Settings, environ: Mapping[str, str]) -> Rules:
    """Give what manifests are read under: who may act, and how long a text may be.

    With a token or a session of our own `act_as` is to be known, or anyone may act. Raises
    SettingsError where the settings name more than one credential.
    """
    kind = credential_kind(settings, environ)
    user = None if settings.act_as is None else UserId(settings.act_as)
    acting = Acting(default=user, only=user if kind is not None and kind.of_one_user else None)
    return Rules(acting=acting, max_text=settings.max_text)


def locations_under(known: Mapping[str, FileReport], settings: Settings) -> Mapping[str, FileReport]:
    """Give of the known files those that lie under the paths given: others are not our business."""
    here = str(Path.cwd())
    roots = [location_of(str(path), here) for path in settings.manifests]
    return {
        location: report
        for location, report in known.items()
        if any(lies_under(location, root) for root in roots)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a look at all files found: the scan, what is known of them, and what is to be read."""

    source: Directory
    scan: Scan
    known: Mapping[str, FileReport]
    todo: Agenda
    rules: Rules
    at: datetime

    @property
    def others(self) -> Mapping[str, FileReport]:
        """Give the files that are as known and there is nothing to do about, by location."""
        todo = {*(file.location for file in self.todo.files), *self.todo.gone}
        return {at: report for at, report in self.known.items() if at not in todo}


def expect_there(scan: Scan) -> None:
    """Raise SourceError where a path that was named is not there."""
    if scan.missing:
        msg = f"{', '.join(scan.missing)}: not there; name manifest files or folders that are"
        raise SourceError(msg)


def expect_whole(scan: Scan) -> None:
    """Raise SourceError where not all that was named could be seen."""
    expect_there(scan)
    if not scan.complete:
        reasons = [str(problem) for problem in scan.problems]
        reasons = reasons or ["files vanished while they were looked at; run this again"]
        msg = "\n".join(("not all manifests could be seen", *reasons))
        raise SourceError(msg)
    troubled = [location_of(problem.origin.path, scan.here) for problem in scan.problems]
    roots = {root: location_of(root, scan.here) for root in scan.empty}
    empty = [root for root, at in roots.items() if not any(lies_under(path, at) for path in troubled)]
    if empty:
        msg = f"{', '.join(empty)}: no manifests there; name folders that hold .yaml or .yml files"
        raise SourceError(msg)


def survey(settings: Settings, read_under: Rules, ledger: FileReader) -> Survey:
    """Look at all files. Raises SourceError where they can't be seen or a checkout is under way."""
    source = Directory(settings.manifests)
    scan = source.scan()
    if scan.busy is not None and not scan.missing:
        msg = f"{scan.busy}; run this again when that is over"
        raise SourceError(msg)
    expect_whole(scan)
    at = now()
    known = locations_under(ledger.known_files(), settings)
    todo = agenda(scan, known, read_under.fingerprint(), at)
    return Survey(source=source, scan=scan, known=known, todo=todo, rules=read_under, at=at)
