"""Which dialogs are managed: what is told where a manifest is valid again, or a dialog managed no more."""

from collections.abc import Callable, Iterable

from reconciler.core.file_report import DialogReport, FileReport
from reconciler.core.notice import Notice, Unmanaged, ValidAgain, nameless, not_in, valid_again


class Roll:
    """Told of each file that stands otherwise than before; tells `noticed` what ended.

    A dialog that moves to another file is managed all the time. So those that a file no longer has
    are looked for in all others, once all files that changed were planned: at `call`.
    """

    def __init__(self, noticed: Callable[[Notice], None]) -> None:
        self._noticed = noticed
        self._missing: list[DialogReport] = []
        self._unclear: dict[str, tuple[DialogReport, ...]] = {}

    def replaced(self, before: FileReport | None, after: FileReport) -> None:
        """Take note that a file stands otherwise now."""
        known = before.dialogs if before else ()
        for dialog in valid_again(known, after.dialogs):
            self._noticed(ValidAgain(dialog=dialog))
        missing = not_in((*known, *self._unclear.pop(after.location, ())), after.dialogs)
        if any(map(nameless, after.dialogs)):
            self._unclear[after.location] = missing
        else:
            self._missing += missing

    def gone(self, file: FileReport) -> None:
        """Take note that a file is not there any more."""
        self._missing += (*file.dialogs, *self._unclear.pop(file.location, ()))

    def call(self, files: Iterable[FileReport]) -> None:
        """Tell of what is missing and that none of the `files`, all there are, declares."""
        missing, self._missing = self._missing, []
        if missing:
            for dialog in not_in(missing, (dialog for file in files for dialog in file.dialogs)):
                self._noticed(Unmanaged(dialog=dialog))
