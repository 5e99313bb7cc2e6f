"""The log set up: where its lines go, in which form, and that nothing goes past them."""

import logging
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from reconciler.log_lines.events import Bug
from reconciler.log_lines.formats import JsonFormat, TextFormat
from reconciler.reconcile.bug import bug_words

LOG: Final = logging.getLogger("reconciler")

_AUTO: Final = "auto"
_JSON: Final = "json"
_TEXT: Final = "text"


class _Lines(logging.StreamHandler):  # type: ignore[type-arg]  # the class takes no argument when it runs
    def __init__(self, aside: Callable[[], AbstractContextManager[None]]) -> None:
        super().__init__(sys.stderr)
        self._aside = aside

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        with self._aside():
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        """Drop a line that can't be written: what logging would say of it quotes the record."""


def log_to_stderr(
    level: str, form: str, *, aside: Callable[[], AbstractContextManager[None]] = nullcontext
) -> bool:
    """Send the log to stderr; tell whether it is for programs.

    `form` is `text`, `json`, or `auto`: text where stderr is a terminal. Each line is written
    within `aside`. Libraries speak from warnings up, for below that they quote headers.
    """
    for_programs = form == _JSON or (form == _AUTO and not sys.stderr.isatty())
    handler = _Lines(aside)
    handler.setFormatter(JsonFormat() if for_programs else TextFormat())
    root = logging.getLogger()
    root.addHandler(handler)
    LOG.setLevel(level.upper())
    root.setLevel(max(LOG.level, logging.WARNING))
    logging.captureWarnings(capture=True)
    threading.excepthook = lambda hook: _tell(hook.exc_value)
    sys.unraisablehook = lambda hook: _tell(hook.exc_value)
    return for_programs


def _tell(error: BaseException | None) -> None:
    """Log what nobody caught, where Python would print a traceback: that may quote a text."""
    if error is not None and not isinstance(error, SystemExit):
        LOG.error(Bug(what=bug_words(error)))
