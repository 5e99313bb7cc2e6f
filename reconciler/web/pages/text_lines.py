"""Texts for a reader who asked for them: what a message says, or said before and says after a change."""

from dataclasses import dataclass

from reconciler.core.applied import AppliedText
from reconciler.core.message_text import MessageText
from reconciler.ledger.history import RecordedText
from reconciler.web.pages.text_diff import text_diff


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """One text. `sign` is `-` for what is replaced, `+` for what replaces it; `changed` is in neither other.

    `note` stands where the text itself is not known.
    """

    sign: str
    before: str = ""
    changed: str = ""
    after: str = ""
    note: str = ""


_UNKNOWN = TextLine(sign="-", note="what it said before is not known")


def said(text: MessageText) -> tuple[TextLine, ...]:
    """Give what a message says."""
    return (TextLine(sign="", before=text.reveal()),)


def replaced(old: AppliedText | RecordedText | None, new: MessageText | RecordedText) -> tuple[TextLine, ...]:
    """Give the old text and the new one, with what differs between them."""
    before, after = None if old is None else old.text, new if isinstance(new, MessageText) else new.text
    if before is not None and after is not None:
        parts = text_diff(before.reveal(), after.reveal())
        return (
            TextLine(sign="-", before=parts.before, changed=parts.old, after=parts.after),
            TextLine(sign="+", before=parts.before, changed=parts.new, after=parts.after),
        )
    return (_UNKNOWN if old is None else _line("-", old), _line("+", new))


def _line(sign: str, text: AppliedText | RecordedText | MessageText) -> TextLine:
    if isinstance(text, MessageText):
        return TextLine(sign=sign, before=text.reveal())
    if text.text is not None:
        return TextLine(sign=sign, before=text.text.reveal())
    return TextLine(sign=sign, note=f"{text.digest}, the ledger keeps no texts")
