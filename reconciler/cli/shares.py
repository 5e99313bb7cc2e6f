"""The plan of very many files, in shares: made side by side, shown in order.

Only what is shown of a share comes back from the process that made it, so memory stays flat however
many files there are. What concerns all files is found out first: which of them claim the same, and
what the guards refuse.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from reconciler.cli.output import Pipe, document
from reconciler.cli.plan import CameTo
from reconciler.cli.planning_line import planning_line
from reconciler.cli.processes import in_processes
from reconciler.cli.survey import Survey, planner
from reconciler.core.guard import GuardedChange, Guards, Refusal
from reconciler.core.problem import Origin, Problem
from reconciler.ledger.existing import open_reader
from reconciler.reconcile.claimed import look_out
from reconciler.reconcile.planning import Planner, could_trip, other_problems, refused
from reconciler.render.figures import Figures, figures
from reconciler.render.line import Line
from reconciler.render.plan_lines import plan_lines, summary_lines
from reconciler.render.refusal_lines import refusal_lines
from reconciler.source.conflict import Declaration
from reconciler.source.directory import ManifestFile

T = TypeVar("T")

_FILES: Final = 25
"""Files of one share: a tenth of a second where they have 100 messages each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a plan is asked for. `rate` is in calls a second; with `texts` texts are shown."""

    survey: Survey
    ledger: Path
    guards: Guards
    retry_rejected: bool
    rate: float
    texts: bool


class Share(NamedTuple):
    """What is shown of the plan of some files, as `text` or as `lines`, and what it comes to.

    `read` are the locations of the files; those are missing that changed meanwhile.
    """

    text: str
    lines: tuple[Line, ...]
    figures: Figures
    problems: tuple[Problem, ...]
    bugs: int
    read: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What is found out about all files before any of them is planned. `problems` are of files not read."""

    files: tuple[ManifestFile, ...]
    clashes: Mapping[Origin, Problem] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    problems: tuple[Problem, ...] = ()


def show_shares(asked: Asked) -> CameTo:
    """Plan all files and print that; on a terminal that shows nothing else, how far it is."""
    with planning_line() as stage:
        files = asked.survey.todo.files
        prospect = _look_ahead(asked, done=stage("reading", len(files)))
        done = stage("planning", len(prospect.files))
        total, problems, bugs, read = figures((), asked.rate), [*prospect.problems], 0, set[str]()
        for share in _each_share(asked, prospect.files, partial(_share, asked, prospect)):
            _show(share)
            total += share.figures
            problems += share.problems
            bugs += share.bugs
            read |= share.read
            done(len(share.read))
    problems = sorted(set(problems))
    for line in (*summary_lines(total, asked.rate, len(problems)), *refusal_lines(prospect.refusals)):
        document().print(line)
    unread = [file.path for file in files if file.location not in read]
    return CameTo(figures=total, problems=problems, refusals=prospect.refusals, bugs=bugs, unread=unread)


def _show(share: Share) -> None:
    out = document()
    if isinstance(out, Pipe):
        out.write(share.text)
    else:
        for line in share.lines:
            out.print(line)


def _look_ahead(asked: Asked, *, done: Callable[[int], None]) -> Prospect:
    """Find out what concerns all files; `done` is told of so many more that this is known of."""
    claimed: list[tuple[ManifestFile, Sequence[Declaration]]] = []
    for some in _each_share(asked, asked.survey.todo.files, Planner.claimed):
        claimed += some
        done(len(some))
    with _planner(asked) as plans:
        outlook = look_out(claimed, asked.survey.others, plans.claimed)
        careful = could_trip(outlook.dialogs, plans.ledger, asked.guards)
    prospect = Prospect(
        files=outlook.files,
        clashes=outlook.clashes,
        problems=other_problems(outlook.others, asked.survey.scan.problems),
    )
    if not careful:
        return prospect
    counted = _each_share(asked, prospect.files, partial(_guarded, prospect))
    changes = [change for some in counted for change in some]
    with _planner(asked) as plans:
        return replace(prospect, refusals=refused(changes, plans.ledger, asked.guards))


def _each_share(
    asked: Asked, files: Sequence[ManifestFile], work: Callable[[Planner, Sequence[ManifestFile]], T]
) -> Iterator[T]:
    some = (files[at : at + _FILES] for at in range(0, len(files), _FILES))
    return in_processes(partial(_planner, asked), work, some)


@contextmanager
def _planner(asked: Asked) -> Iterator[Planner]:
    with open_reader(asked.ledger) as ledger:
        yield planner(asked.survey, ledger, guards=asked.guards, retry_rejected=asked.retry_rejected)


def _guarded(prospect: Prospect, plans: Planner, files: Sequence[ManifestFile]) -> list[GuardedChange]:
    planned = plans.planned(files, clashes=prospect.clashes)
    return [change for file in planned for change in file.guarded]


def _share(asked: Asked, prospect: Prospect, plans: Planner, files: Sequence[ManifestFile]) -> Share:
    planned = tuple(plans.planned(files, clashes=prospect.clashes, refusals=prospect.refusals))
    dialogs = [dialog for file in planned for dialog in file.dialogs]
    lines = tuple(plan_lines(dialogs, texts=asked.texts))
    text = ""
    if isinstance(document(), Pipe):
        Pipe(stream := StringIO()).print_all(lines)
        text, lines = stream.getvalue(), ()
    return Share(
        text=text,
        lines=lines,
        figures=figures(dialogs, asked.rate),
        problems=tuple(problem for file in planned for problem in file.problems),
        bugs=sum(file.bugs for file in planned),
        read=frozenset(file.file.location for file in planned),
    )
