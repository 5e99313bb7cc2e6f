"""A bug of ours, told without what it may quote: an exception's own words may hold a text."""

import traceback
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BugInDialog:
    """A bug that one dialog's pass brought out, as it is logged; it holds that dialog and no other."""

    name: str
    words: str

    def __str__(self) -> str:
        """Give the words for where no log is set up."""
        return f"a bug in the pass of dialog {self.name}: {self.words}"


def bug_words(error: BaseException) -> str:
    """Give what kind of error it is and where in the code it came up, if it was raised."""
    kind = type(error).__name__
    places = traceback.extract_tb(error.__traceback__)
    return f"{kind} in {places[-1].name}, line {places[-1].lineno}" if places else kind
