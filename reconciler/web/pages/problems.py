"""Every manifest that can't be used: where, what is wrong, what to do."""

from itertools import groupby
from typing import Final

from reconciler.web.model import ProblemList
from reconciler.web.pages.frame import Frame
from reconciler.web.pages.templates import render

_MOST: Final = 200
"""Problems on the page: whoever has more begins with some of them."""


def render_problems(frame: Frame, problems: ProblemList) -> str:
    """Give the page: problems by file, and the dialogs that they hold."""
    shown = problems.problems[:_MOST]
    files = [(path, list(found)) for path, found in groupby(shown, key=lambda problem: problem.origin.path)]
    return render(
        "problems",
        frame,
        here="Problems",
        files=files,
        total=len(problems.problems),
        more=len(problems.problems) - len(shown),
        dialogs=problems.dialogs[:_MOST],
        more_dialogs=len(problems.dialogs[_MOST:]),
    )
