"""The reading side put together: settings in, a look at all manifests and the plan out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reconciler.core.failure import Failure
from reconciler.core.report import FileReport
from reconciler.ledger.reader import LedgerReader
from reconciler.reconcile.agenda import Agenda, agenda
from reconciler.reconcile.planning import PassPlan, plan_files
from reconciler.settings import Settings
from reconciler.source.directory import Directory, Scan, lies_under, location_of
from reconciler.source.yaml_file import Rules


class SourceError(Failure):
    """The manifests can't be read now."""


def now() -> datetime:
    """Give the time, in UTC."""
    return datetime.now(UTC)


def rules(settings: Settings, environ: Mapping[str, str]) -> Rules:
    """Give what manifests are read under: who may act, and how long a text may be."""
    key = settings.api_key_file is not None or "RECONCILER_API_KEY" in environ
    token = settings.token_file is not None or "RECONCILER_TOKEN" in environ
    return Rules(acting=settings.acting(one_user=token and not key), max_text=settings.max_text)


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


def survey(settings: Settings, environ: Mapping[str, str], ledger: LedgerReader) -> Survey:
    """Look at all files. Raises SourceError where a path is not there or a checkout is under way."""
    source = Directory(settings.manifests)
    scan = source.scan()
    if scan.missing:
        msg = f"{', '.join(scan.missing)}: not there; name manifest files or folders that are"
        raise SourceError(msg)
    if scan.busy is not None:
        msg = f"{scan.busy}; run this again when that is over"
        raise SourceError(msg)
    at = now()
    read_under = rules(settings, environ)
    known = locations_under(ledger.known_files(), settings)
    todo = agenda(scan, known, read_under.fingerprint(), at)
    return Survey(source=source, scan=scan, known=known, todo=todo, rules=read_under, at=at)


def plan_survey(found: Survey, ledger: LedgerReader, on_file: Callable[[], None] = lambda: None) -> PassPlan:
    """Read and plan what a survey found to do."""
    locations = {file.location for file in found.todo.files} | set(found.todo.gone)
    return plan_files(
        found.todo.files,
        source=found.source,
        ledger=ledger,
        rules=found.rules,
        others={at: report for at, report in found.known.items() if at not in locations},
        unusable=found.scan.problems,
        now=found.at,
        on_file=on_file,
    )
