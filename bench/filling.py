"""A ledger in which all of a tree is applied, made by what the product makes it with, without calls."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from bench.manifests import Tree
from reconciler.core.acting import Acting
from reconciler.core.applied import AppliedState
from reconciler.core.call import Call, Intent
from reconciler.core.file_report import FileReport
from reconciler.core.manifest import Manifest
from reconciler.core.outcome import Answered, Applied
from reconciler.core.plan import plan_dialog
from reconciler.core.report import report_dialog
from reconciler.ledger.entry import Entry
from reconciler.ledger.opening import open_ledger
from reconciler.source.directory import Directory, ManifestFile
from reconciler.source.rules import Rules
from reconciler.source.yaml_file import load

RULES = Rules(acting=Acting())
_NOTHING = AppliedState(texts={}, marks=frozenset(), dialog_marks={}, failed={})


def fill(tree: Tree, ledger: Path) -> None:
    """Write a ledger of digests in which every message of the tree was applied by one call."""
    source = Directory([tree.root])
    numbers = count(1)
    with open_ledger(ledger, keep_text=False) as writer:
        for file in source.scan().files:
            data = source.read(file)
            assert data is not None, f"{file.path} was changed meanwhile"
            loaded = load(data, file.path, RULES)
            assert not loaded.problems, loaded.problems
            writer.write(_entries(file, loaded.manifests, numbers))


def _entries(file: ManifestFile, manifests: Sequence[Manifest], numbers: Iterator[int]) -> list[Entry]:
    entries: list[Entry] = []
    dialogs = []
    for manifest in manifests:
        now = datetime.now(UTC)
        plan = plan_dialog(manifest, _NOTHING, now)
        calls = []
        for action in plan.actions:
            intent = Intent(
                number=next(numbers),
                action=action,
                name=manifest.name,
                manifest=manifest.digest,
                sent_at=now,
            )
            call = Call(intent=intent, answer=Answered(status=200), outcome=Applied(), answered_at=now)
            calls.append(call)
            entries += [intent, call]
        dialogs.append(report_dialog(plan, calls))
    return [
        *entries,
        FileReport(
            location=file.location,
            content=file.content,
            rules=RULES.fingerprint(),
            settled=True,
            due_at=None,
            dialogs=tuple(dialogs),
        ),
    ]
