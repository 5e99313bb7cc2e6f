"""Problems as JSON."""

from typing import Any

from reconciler.core.problem import Problem


def problem_document(problem: Problem) -> dict[str, Any]:
    """Give a problem: `path`, `line` and `column` from 1, `what` is wrong, what `todo`."""
    path, line, column = problem.origin
    return {"path": path, "line": line, "column": column, "what": problem.what, "todo": problem.todo}
