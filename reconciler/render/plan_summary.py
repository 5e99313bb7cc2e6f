"""What a plan comes to, for people."""

from collections.abc import Iterator

from reconciler.render.figures import Figures
from reconciler.render.line import Line, Piece
from reconciler.render.words import count, duration, listed


def summary_lines(figures: Figures, rate: float, problems: int) -> Iterator[Line]:
    """Give what the plan comes to, what cannot be undone, what is held, and what `problems` leave alone."""
    if figures.calls:
        parts = [
            count(figures.texts, "text") if figures.texts else "",
            count(figures.marks, "mark") if figures.marks else "",
            f"{count(figures.dialog_marks, 'mark')} of whole dialogs" if figures.dialog_marks else "",
        ]
        yield (
            Piece(f"Plan: {count(figures.calls, 'call')} for {count(figures.dialogs, 'dialog')}", "bold"),
            Piece(f" ({listed(part for part in parts if part)}), "),
            Piece(f"{duration(figures.seconds)} at {rate:g} calls a second."),
        )
        yield from _warnings(figures)
    else:
        yield (Piece("Nothing to send.", "good"),)
    if figures.held:
        reasons = [f"{number:,} {reason}" for reason, number in sorted(figures.held.items())]
        total = sum(figures.held.values())
        yield (Piece(f"Held: {count(total, 'change')} ({listed(reasons)}).", "warn"),)
    if problems:
        what = "what it is about" if problems == 1 else "what they are about"
        yield (Piece(f"{count(problems, 'problem')}: {what} stays as it was last applied.", "bad"),)


def _warnings(figures: Figures) -> Iterator[Line]:
    marks = figures.marks + figures.dialog_marks
    if marks:
        yield (Piece(f"Cannot be undone: {count(marks, 'mark')}.", "warn"),)
    if figures.texts:
        new = f"; {figures.first_texts:,} of them new to the ledger" if figures.first_texts else ""
        yield (Piece(f"Seen by people at once: {count(figures.texts, 'text')}{new}.", "warn"),)
    if figures.covered:
        covered = count(figures.covered, "mark")
        yield (Piece(f"Without a call of their own: {covered} that a dialog's call makes too."),)
