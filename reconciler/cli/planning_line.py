"""How far a plan of many files is, as one line at the foot of a terminal that shows nothing else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def planning_line() -> Iterator[Callable[[str, int], Callable[[int], None]]]:
    """Give what begins a stage of so many files; and that gives what counts those that are done.

    Without a terminal nothing is shown; nor where the plan itself appears on it.
    """
    if sys.stdout.isatty() or not sys.stderr.isatty():
        yield lambda _what, _total: lambda _done: None
        return
    # Only now, as in `output`.
    from rich import progress as bar  # noqa: PLC0415  # see above

    from reconciler.cli.terminal import console  # noqa: PLC0415  # see above

    columns = (bar.TextColumn("{task.description}"), bar.BarColumn(), bar.MofNCompleteColumn())
    # No refreshing thread: processes are forked meanwhile.
    with bar.Progress(
        *(*columns, bar.TimeRemainingColumn()),
        console=console(sys.stderr),
        transient=True,
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as progress:

        def stage(what: str, total: int) -> Callable[[int], None]:
            for task in progress.task_ids:
                progress.remove_task(task)
            task = progress.add_task(what, total=total)
            return lambda done: progress.update(task, advance=done, refresh=True)

        yield stage
