"""What ends without a call: an invalid manifest is valid again, a dialog is managed no more.

Both follow from how a file stood and how it stands now. A broken manifest may give neither name nor
id of its dialog; then what the file declared before may still be in it, and is not said to be gone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.core.condition import Condition
from reconciler.core.file_report import DialogReport
from reconciler.core.problem import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidAgain:
    """A manifest that could not be used can be; `dialog` is how it stands now."""

    dialog: DialogReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmanaged:
    """No manifest declares a dialog any more; `dialog` is how it stood last."""

    dialog: DialogReport


@dataclass(frozen=True, slots=True, kw_only=True)
class UsableAgain:
    """A file that could not be used can be; `origin` is where the problem was."""

    origin: Origin


Notice = ValidAgain | Unmanaged | UsableAgain


def valid_again(before: Iterable[DialogReport], after: Sequence[DialogReport]) -> tuple[DialogReport, ...]:
    """Give the dialogs of one file whose manifests were invalid before and are valid after."""
    before = tuple(before)
    were_sound = {dialog.dialog for dialog in before if not _invalid(dialog)}
    were_broken = {key for dialog in before if _invalid(dialog) for key in (dialog.name, dialog.dialog)}
    fewer = sum(map(nameless, after)) < sum(map(nameless, before))
    return tuple(
        dialog
        for dialog in after
        if not _invalid(dialog)
        and dialog.dialog not in were_sound
        and (fewer or dialog.name in were_broken or dialog.dialog in were_broken)
    )


def not_in(before: Iterable[DialogReport], after: Iterable[DialogReport]) -> tuple[DialogReport, ...]:
    """Give the dialogs of `before` that `after` does not have.

    They are known by their ids; where a broken manifest does not give that, by their names.
    """
    after = tuple(after)
    ids = {dialog.dialog for dialog in after if dialog.dialog is not None}
    names = {dialog.name for dialog in after}
    only_names = {dialog.name for dialog in after if dialog.dialog is None}
    return tuple(
        dialog
        for dialog in before
        if not nameless(dialog)
        and dialog.dialog not in ids
        and dialog.name not in ((names if dialog.dialog is None else only_names) - {None})
    )


def nameless(dialog: DialogReport) -> bool:
    """Tell whether nobody knows which dialog it is."""
    return dialog.name is None and dialog.dialog is None


def _invalid(dialog: DialogReport) -> bool:
    return dialog.condition is Condition.INVALID
