"""What is noted of a dialog that a guard holds: in one line what would happen, and what lets it pass."""

from typing import Final

_PASSES_BY: Final = "; to let it pass: "


def guard_note(words: str, command: str) -> str:
    """Give the note."""
    return f"{words}{_PASSES_BY}{command}"


def words_and_command(note: str) -> tuple[str, str]:
    """Give what a note was made of."""
    words, _, command = note.partition(_PASSES_BY)
    return words, command
