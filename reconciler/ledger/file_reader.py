"""What the ledger knows of manifest files and their dialogs: how they stood after the last pass."""

from collections import defaultdict
from collections.abc import Mapping

from reconciler.core.file_report import DialogReport, FileReport
from reconciler.core.problem import Problem
from reconciler.ledger.encoding import time_of, unescape
from reconciler.ledger.file_rows import dialog_report, problem_of
from reconciler.ledger.named_sql import QUERIES
from reconciler.ledger.snapshots import Snapshots


class FileReader(Snapshots):
    """Reads how files stand, and no calls: a command that needs no more starts sooner.

    Every method raises LedgerUnreadable or LedgerDamaged where the file can't be read.
    """

    def known_files(self) -> Mapping[str, FileReport]:
        """Give the last report on each manifest file, by its location.

        A file is not `settled` once a call for one of its dialogs is recorded, or a rejection in
        it is freed, until it is reported on again.
        """
        with self._snapshot() as connection:
            dialogs: defaultdict[int, list[DialogReport]] = defaultdict(list)
            for file, *dialog in QUERIES.file_dialogs(connection):
                dialogs[file].append(dialog_report(dialog))
            problems: defaultdict[int, list[Problem]] = defaultdict(list)
            for file, *problem in QUERIES.file_problems(connection):
                problems[file].append(problem_of(problem))
            return {
                (path := unescape(location)): FileReport(
                    location=path,
                    content=content,
                    rules=rules,
                    settled=bool(settled),
                    due_at=time_of(due_at),
                    dialogs=tuple(dialogs[file]),
                    problems=tuple(problems[file]),
                    at=time_of(reported_at),
                )
                for file, location, content, rules, settled, due_at, reported_at in QUERIES.files(connection)
            }

    def dialogs(self) -> tuple[DialogReport, ...]:
        """Give how each dialog stood after the last pass, in the order of their files."""
        with self._snapshot() as connection:
            return tuple(dialog_report(row[1:]) for row in QUERIES.file_dialogs(connection))

    def problems(self) -> tuple[Problem, ...]:
        """Give what was wrong with the manifests at the last pass, in the order of their files."""
        with self._snapshot() as connection:
            return tuple(problem_of(row[1:]) for row in QUERIES.file_problems(connection))
