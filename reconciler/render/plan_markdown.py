"""A plan as Markdown, for a comment under a merge request."""

import html
import re
from collections.abc import Iterator
from typing import Final

from reconciler.reconcile.planning import PassPlan
from reconciler.render.line import plain
from reconciler.render.plan_figures import figures
from reconciler.render.plan_lines import dialog_lines
from reconciler.render.plan_summary import summary_lines
from reconciler.render.refusal_lines import refusal_lines
from reconciler.render.words import count

_LONGEST: Final = 200
"""Dialogs shown in full: hosts cut off long comments."""


def plan_markdown(plan: PassPlan, *, rate: float, texts: bool) -> Iterator[str]:
    """Give the lines of the document. Texts stand in fenced blocks that they cannot end."""
    shown = [dialog for dialog in plan.dialogs if dialog.actions or dialog.held]
    for line in summary_lines(figures(plan.dialogs, rate), rate, len(plan.problems)):
        yield f"{plain(line)}  "
    if refusals := [plain(line) for line in refusal_lines(plan.refusals)]:
        yield from ("", _fence(refusals), *refusals, _fence(refusals))
    for dialog in shown[:_LONGEST]:
        heading, *rest = (plain(line) for line in dialog_lines(dialog, texts=texts))
        fence = _fence([heading, *rest])
        name = html.escape(dialog.manifest.name)
        yield from ("", f"<details><summary>{name}</summary>", "", f"{fence}diff", heading)
        yield from (_as_diff(line) for line in rest)
        yield from (fence, "", "</details>")
    if len(shown) > _LONGEST:
        yield from ("", f"... and {count(len(shown) - _LONGEST, 'more dialog')}.")
    if plan.problems:
        fence = _fence(str(problem) for problem in plan.problems)
        yield from ("", f"**{count(len(plan.problems), 'problem')}**", "", fence)
        yield from (str(problem) for problem in plan.problems)
        yield fence


def _as_diff(line: str) -> str:
    """Move the sign of an old or new text to the margin, where a diff has it."""
    found = re.match(r"    ([-+]) (.*)", line)
    return f"{found[1]} {found[2]}" if found else f"  {line}"


def _fence(lines: "Iterator[str] | list[str]") -> str:
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    return "`" * max(3, longest + 1)
