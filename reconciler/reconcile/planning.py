"""The reading half of a pass: manifests and the ledger in, plans out; nothing is written."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from reconciler.core.file_report import FileReport
from reconciler.core.guard import GuardedChange, may_refuse, refuse
from reconciler.core.message import DialogId
from reconciler.core.plan import DialogPlan, hold_guarded
from reconciler.core.problem import Origin, Problem
from reconciler.core.refusal import Guards, Refusal
from reconciler.reconcile.claimed import Claimed, look_out
from reconciler.reconcile.file_plan import AppliedStates, Context, FilePlan, load_file, plan_file
from reconciler.source.conflict import Declaration, declarations
from reconciler.source.directory import Directory, ManifestFile
from reconciler.source.rules import Rules
from reconciler.source.yaml_file import Loaded

FEW: Final = 100
"""Files that are planned all at once: that takes a second where they have 100 messages each."""

_PORTION: Final = 2_000
"""Changes that are planned before they are passed on, where there are many files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassPlan:
    """What to do about all files that this pass looks at."""

    started_at: datetime
    files: tuple[FilePlan, ...]
    other_problems: tuple[Problem, ...] = ()
    """Problems of files that were not read this time: as known, or because they can't be read."""
    refusals: tuple[Refusal, ...] = ()
    """Of the guards that tripped over all of it."""
    cited: frozenset[str] = frozenset()
    """The locations of files that were as known and that a clash concerns, read or changed meanwhile."""

    @property
    def dialogs(self) -> tuple[DialogPlan, ...]:
        """Give the plans of all dialogs, in the order of their files."""
        return tuple(dialog for file in self.files for dialog in file.dialogs)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Give all problems that there are, by place."""
        return tuple(sorted({*self.other_problems, *(p for file in self.files for p in file.problems)}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Plans files against the ledger.

    `edited` and `under_way` are as in `Context`. `on_file` is told each time that a file was read.
    """

    source: Directory
    ledger: AppliedStates
    rules: Rules
    guards: Guards
    now: datetime
    edited: AbstractSet[str] = frozenset()
    under_way: AbstractSet[DialogId] = frozenset()
    on_file: Callable[[], None] = lambda: None

    def plan(
        self, files: Iterable[ManifestFile], *, others: Mapping[str, FileReport], unusable: Iterable[Problem]
    ) -> PassPlan:
        """Read and plan `files`. A file that changes meanwhile is left to the next pass.

        `others` are the files that are as known, by location. Their dialogs only count where two
        manifests declare the same one; then those files are read again too. `unusable` are the
        problems of files that can't be read. Once everything is planned, the guards hold what is over
        their limits.
        """
        loaded: dict[str, Loaded] = {}
        outlook = look_out(self._load(files, loaded), others, partial(self._load, loaded=loaded))
        context = self._context(outlook.clashes)
        plans = [plan_file(file, loaded[file.location], context) for file in outlook.files]
        refusals = refused([change for plan in plans for change in plan.guarded], self.ledger, self.guards)
        return PassPlan(
            started_at=self.now,
            files=tuple(hold(plan, refusals) for plan in plans),
            other_problems=other_problems(outlook.others, unusable),
            refusals=refusals,
            cited=outlook.cited,
        )

    def portions(
        self, files: Sequence[ManifestFile], *, others: Mapping[str, FileReport], unusable: Iterable[Problem]
    ) -> Iterator[PassPlan]:
        """Do as `plan` does, and of many files give the first plans before the last are read.

        Guards look at all of it first: where one could trip, all is given at once.
        """
        outlook = look_out(self.claimed(files), others, self.claimed) if len(files) > FEW else None
        if outlook is None or could_trip(outlook.dialogs, self.ledger, self.guards):
            yield self.plan(files, others=others, unusable=unusable)
            return
        known = other_problems(outlook.others, unusable)
        for portion in _portions(self.planned(outlook.files, clashes=outlook.clashes)):
            yield PassPlan(started_at=self.now, files=portion, other_problems=known, cited=outlook.cited)

    def planned(
        self,
        files: Iterable[ManifestFile],
        *,
        clashes: Mapping[Origin, Problem],
        refusals: Sequence[Refusal] = (),
    ) -> Iterator[FilePlan]:
        """Read and plan files one by one, given what was found out about all of them."""
        context = self._context(clashes)
        for file, data in self._read(files):
            yield hold(plan_file(file, load_file(data, file.path, self.rules), context), refusals)

    def claimed(self, files: Iterable[ManifestFile]) -> Claimed:
        """Find what the manifests of the files claim, without reading their messages."""
        return [(file, self._claims(file, data)) for file, data in self._read(files)]

    def _claims(self, file: ManifestFile, data: bytes) -> tuple[Declaration, ...]:
        # Only now: a look at files that are as known opens none, and takes less time than this import.
        from reconciler.source.yaml_claims import claims  # noqa: PLC0415  # see above

        try:
            return claims(data, file.path, self.rules)
        except Exception:  # noqa: BLE001  # a bug that one file brings out is its problem when it is loaded
            return tuple(declarations(load_file(data, file.path, self.rules)))

    def _load(self, files: Iterable[ManifestFile], loaded: dict[str, Loaded]) -> Claimed:
        claimed = []
        for file, data in self._read(files):
            loaded[file.location] = load_file(data, file.path, self.rules)
            claimed.append((file, tuple(declarations(loaded[file.location]))))
        return claimed

    def _read(self, files: Iterable[ManifestFile]) -> Iterator[tuple[ManifestFile, bytes]]:
        for file in files:
            data = self.source.read(file)
            if data is not None:
                yield file, data
            self.on_file()

    def _context(self, clashes: Mapping[Origin, Problem]) -> Context:
        return Context(
            ledger=self.ledger,
            rules=self.rules.fingerprint(),
            now=self.now,
            clashes=clashes,
            edited=self.edited,
            under_way=self.under_way,
        )


def hold(file: FilePlan, refusals: Sequence[Refusal]) -> FilePlan:
    """Hold what the guards refuse of a file."""
    if not refusals:
        return file
    return replace(
        file,
        dialogs=tuple(hold_guarded(dialog, refusals) for dialog in file.dialogs),
        postponed=tuple(hold_guarded(dialog, refusals) for dialog in file.postponed),
    )


def refused(changes: Sequence[GuardedChange], ledger: AppliedStates, guards: Guards) -> tuple[Refusal, ...]:
    """Give the guards that trip over the changes of a pass."""
    if not changes:
        return ()
    known = ledger.texts_known()
    if not refuse(changes, guards=guards, known=known, approvals=()):
        return ()  # most often: then it is of no matter what was ever approved
    return refuse(changes, guards=guards, known=known, approvals=ledger.approvals())


def could_trip(dialogs: AbstractSet[DialogId], ledger: AppliedStates, guards: Guards) -> bool:
    """Tell whether a guard could trip, were all that is known of these dialogs to be changed."""
    return may_refuse(ledger.known_of(dialogs), guards=guards, known=ledger.texts_known())


def other_problems(others: Mapping[str, FileReport], unusable: Iterable[Problem]) -> tuple[Problem, ...]:
    """Give the problems of files that are not read: as known, or because they can't be read."""
    reported = (report.problems for report in others.values() if report.problems)
    return (*unusable, *(problem for problems in reported for problem in problems))


def _portions(files: Iterable[FilePlan]) -> Iterator[tuple[FilePlan, ...]]:
    """Give the files in portions: one at least, for what else a pass tells."""
    portion: list[FilePlan] = []
    changes, given = 0, False
    for file in files:
        portion.append(file)
        changes += sum(len(action.changes) for dialog in file.dialogs for action in dialog.actions)
        if changes >= _PORTION:
            yield tuple(portion)
            portion, changes, given = [], 0, True
    if portion or not given:
        yield tuple(portion)
