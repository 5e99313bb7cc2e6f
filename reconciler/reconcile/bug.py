"""A bug of ours, told without what it may quote: an exception's own words may hold a text."""

import traceback


def bug_words(error: BaseException) -> str:
    """Give what kind of error it is and where in the code it came up."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {place.name}, line {place.lineno}"
