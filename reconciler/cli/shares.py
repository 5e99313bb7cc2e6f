"""The plan of very many files, in shares: made side by side, shown in order.

Only what is shown of a share comes back from the process that made it, so memory stays flat however
many files there are. What concerns all files is found out first: which of them claim the same, and
what the guards refuse.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from io import StringIO
from typing import Final, NamedTuple, TypeVar

from reconciler.cli.output import Pipe, document
from reconciler.cli.plan import CameTo
from reconciler.cli.planned import missing, paths, planner
from reconciler.cli.planning_line import planning_line
from reconciler.cli.processes import in_processes
from reconciler.cli.whole_plan import Asked
from reconciler.core.guard import GuardedChange
from reconciler.core.problem import Origin, Problem
from reconciler.core.refusal import Refusal
from reconciler.ledger.existing import open_reader
from reconciler.ledger.reader import LedgerReader
from reconciler.reconcile.claimed import Outlook, look_out
from reconciler.reconcile.planning import Planner, could_trip, other_problems, refused
from reconciler.render.figures import NO_CALLS, Figures
from reconciler.render.line import Line
from reconciler.render.plan_figures import figures
from reconciler.render.plan_lines import plan_lines
from reconciler.render.refusal_lines import refusal_lines
from reconciler.source.conflict import Declaration
from reconciler.source.directory import ManifestFile

T = TypeVar("T")

_FILES: Final = 25
"""Files of one share: a tenth of a second where they have 100 messages each."""


class Share(NamedTuple):
    """What is shown of the plan of some files, as `text` or as `lines`, and what it comes to.

    `files` is how many they are, and `unread` are the locations of those that changed meanwhile.
    """

    text: str
    lines: tuple[Line, ...]
    figures: Figures
    problems: tuple[Problem, ...]
    bugs: int
    files: int
    unread: frozenset[str]


def show_shares(asked: Asked) -> CameTo:
    """Plan all files and print that, but for its summary; on a terminal without it, how far it is."""
    with planning_line() as stage:
        asked.survey.source.scanned_for_good()
        ahead = _look_ahead(asked, done=stage("reading", len(asked.survey.todo.files)))
        done = stage("planning", len(ahead.files))
        problems = [*ahead.problems]
        total, bugs, unread = NO_CALLS, 0, {*ahead.unread}
        for share in _each_share(asked, ahead.files, partial(_share, asked, ahead)):
            _show(share)
            total += share.figures
            problems += share.problems
            bugs += share.bugs
            unread |= share.unread
            done(share.files)
    return CameTo(
        figures=total,
        problems=sorted(set(problems)),
        refusals=tuple(refusal_lines(ahead.refusals)),
        bugs=bugs,
        unread=paths(asked.survey, unread),
    )


def _show(share: Share) -> None:
    out = document()
    if isinstance(out, Pipe):
        out.write(share.text)
    else:
        for line in share.lines:
            out.print(line)


class _Ahead(NamedTuple):
    """What concerns all files: which are planned, their clashes, what the guards refuse, others' problems.

    `unread` are the locations of those that changed meanwhile.
    """

    files: tuple[ManifestFile, ...]
    unread: frozenset[str]
    clashes: Mapping[Origin, Problem]
    refusals: Sequence[Refusal]
    problems: Sequence[Problem]


def _look_ahead(asked: Asked, *, done: Callable[[int], None]) -> _Ahead:
    """Find out what concerns all files, and keep nothing else of them."""
    outlook = _outlook(asked, done)
    problems = [*other_problems(outlook.others, asked.survey.scan.problems)]
    read = {file.location for file in outlook.files}
    return _Ahead(
        files=outlook.files,
        unread=missing(asked.survey, cited=outlook.cited, planned=read),
        clashes=outlook.clashes,
        refusals=_refusals(asked, outlook),
        problems=problems,
    )


def _outlook(asked: Asked, done: Callable[[int], None]) -> Outlook:
    """Find out what all files claim; `done` is told of so many more that this is known of."""
    todo = asked.survey.todo.files

    def found() -> Iterator[Sequence[Declaration] | None]:
        for some in _each_share(asked, todo, _claims):
            yield from some
            done(len(some))

    claimed = [
        (file, tuple(claim.at(file.path) for claim in claims))
        for file, claims in zip(todo, found(), strict=True)
        if claims is not None
    ]
    with _planner(asked) as plans:
        return look_out(claimed, asked.survey.others, plans.claimed)


def _claims(plans: Planner, files: Sequence[ManifestFile]) -> list[Sequence[Declaration] | None]:
    """Give what each file claims; None for one that changed meanwhile."""
    found = {file.location: claims for file, claims in plans.claimed(files)}
    return [found.get(file.location) for file in files]


def _refusals(asked: Asked, outlook: Outlook) -> Sequence[Refusal]:
    """Find out what the guards refuse of all files; planned for it where that could be anything."""
    with _planner(asked) as plans:
        careful = could_trip(outlook.dialogs, plans.ledger, asked.guards)
    if not careful:
        return ()
    counted = _each_share(asked, outlook.files, partial(_guarded, outlook))
    changes = [change for some in counted for change in some]
    with _planner(asked) as plans:
        return refused(changes, plans.ledger, asked.guards)


def _each_share(
    asked: Asked, files: Sequence[ManifestFile], work: Callable[[Planner, Sequence[ManifestFile]], T]
) -> Iterator[T]:
    some = (files[at : at + _FILES] for at in range(0, len(files), _FILES))
    return in_processes(partial(_planner, asked), work, some)


@contextmanager
def _planner(asked: Asked) -> Iterator[Planner]:
    with open_reader(asked.ledger, LedgerReader) as ledger:
        yield planner(asked.survey, ledger, guards=asked.guards, retry_rejected=asked.retry_rejected)


def _guarded(outlook: Outlook, plans: Planner, files: Sequence[ManifestFile]) -> list[GuardedChange]:
    planned = plans.planned(files, clashes=outlook.clashes)
    return [change for file in planned for change in file.guarded]


def _share(
    asked: Asked,
    ahead: _Ahead,
    plans: Planner,
    files: Sequence[ManifestFile],
) -> Share:
    planned = tuple(plans.planned(files, clashes=ahead.clashes, refusals=ahead.refusals))
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
        files=len(files),
        unread=frozenset(file.location for file in files) - {file.file.location for file in planned},
    )
