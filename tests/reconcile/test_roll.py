"""When a manifest is valid again, and when a dialog is managed no more."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from reconciler.core.condition import Condition
from reconciler.core.file_report import DialogReport, FileReport
from reconciler.core.notice import Notice, Unmanaged, UsableAgain, ValidAgain
from reconciler.core.problem import Origin
from reconciler.daemon.roll import Roll
from tests.reconcile.parts import dialog_id


@dataclass
class Folder:
    """Files as a daemon knows them, and what was noticed of them."""

    files: dict[str, FileReport] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.roll = Roll(self.notices.append)

    def stands(self, file: str, *dialogs: DialogReport) -> None:
        after = FileReport(
            location=file, content=b"", rules=b"", settled=True, due_at=None, dialogs=dialogs, problems=()
        )
        self.roll.replaced(self.files.get(file), after)
        self.files[file] = after

    def goes(self, file: str) -> None:
        self.roll.gone(self.files.pop(file))

    def noticed(self) -> Sequence[tuple[type[Notice], str | None]]:
        """Call the roll; give what was noticed since the last time, by the dialogs' names."""
        self.roll.call(self.files.values())
        told = [
            (type(notice), None if isinstance(notice, UsableAgain) else notice.dialog.name)
            for notice in self.notices
        ]
        self.notices.clear()
        return told


def valid(number: int, *, name: str | None = None) -> DialogReport:
    return DialogReport(
        name=name or f"dialog-{number}",
        dialog=dialog_id(number),
        origin=Origin("a.yaml", 1, 1),
        condition=Condition.IN_SYNC,
    )


def broken(number: int | None = None, *, name: str | None = None) -> DialogReport:
    dialog = None if number is None else dialog_id(number)
    return DialogReport(
        name=name, dialog=dialog, origin=Origin("a.yaml", 1, 1), condition=Condition.INVALID, note="wrong"
    )


def test_a_mended_manifest_is_valid_again_and_others_are_not_spoken_of() -> None:
    folder = Folder()
    folder.stands("a", valid(1), broken(2, name="dialog-2"), broken(3))
    assert folder.noticed() == []
    folder.stands("a", valid(1), valid(2), broken(3))
    assert folder.noticed() == [(ValidAgain, "dialog-2")]
    folder.stands("a", valid(1), valid(2), valid(3))
    assert folder.noticed() == [(ValidAgain, "dialog-3")]
    folder.stands("a", valid(1), valid(2), valid(3))
    assert folder.noticed() == []


def test_a_manifest_is_recognised_by_its_name_where_the_id_was_wrong() -> None:
    folder = Folder()
    folder.stands("a", broken(name="dialog-1"))
    folder.stands("a", valid(1))
    assert folder.noticed() == [(ValidAgain, "dialog-1")]


def test_of_a_manifest_that_gave_neither_name_nor_id_the_one_that_is_new_is_valid_again() -> None:
    folder = Folder()
    folder.stands("a", valid(1), broken())
    folder.stands("a", valid(1), broken(), valid(2))
    assert folder.noticed() == [], "a new one beside it"
    folder.stands("a", valid(1), valid(2), valid(3))
    assert folder.noticed() == [(ValidAgain, "dialog-3")]


def test_what_a_file_leaves_out_is_managed_no_more() -> None:
    folder = Folder()
    folder.stands("a", valid(1), valid(2))
    folder.stands("a", valid(2))
    assert folder.noticed() == [(Unmanaged, "dialog-1")]
    folder.stands("a", valid(2))
    assert folder.noticed() == []


def test_what_a_file_took_with_it_is_managed_no_more() -> None:
    folder = Folder()
    folder.stands("a", valid(1), broken(2, name="dialog-2"), broken(name="dialog-3"))
    folder.goes("a")
    assert folder.noticed() == [(Unmanaged, f"dialog-{number}") for number in (1, 2, 3)]


def test_a_dialog_that_moves_to_another_file_stays_managed() -> None:
    folder = Folder()
    folder.stands("a", valid(1), valid(2))
    folder.stands("a", valid(2))
    folder.stands("b", valid(1))
    assert folder.noticed() == []
    folder.goes("b")
    folder.stands("c", broken(1))
    assert folder.noticed() == [], "also where it is broken there"
    folder.goes("c")
    folder.stands("d", valid(1))
    assert folder.noticed() == []
    folder.goes("d")
    folder.stands("e", broken(name="dialog-1"))
    assert folder.noticed() == [], "also where no more than its name is known there"


def test_a_dialog_that_is_declared_under_another_name_stays_managed() -> None:
    folder = Folder()
    folder.stands("a", valid(1))
    folder.stands("a", valid(1, name="support"))
    assert folder.noticed() == []


def test_a_manifest_for_another_dialog_leaves_the_one_before() -> None:
    folder = Folder()
    folder.stands("a", valid(1, name="support"))
    folder.stands("a", valid(2, name="support"))
    assert folder.noticed() == [(Unmanaged, "support")]


def test_while_nobody_knows_which_dialog_is_broken_none_is_said_to_be_left() -> None:
    folder = Folder()
    folder.stands("a", valid(1), valid(2))
    folder.stands("a", valid(1), broken())
    assert folder.noticed() == []
    folder.stands("a", valid(1), valid(2))
    assert folder.noticed() == [(ValidAgain, "dialog-2")]
    folder.stands("a", valid(1), broken())
    folder.stands("a", valid(1))
    assert folder.noticed() == [(Unmanaged, "dialog-2")]
    folder.stands("a", broken())
    folder.goes("a")
    assert folder.noticed() == [(Unmanaged, "dialog-1")]
