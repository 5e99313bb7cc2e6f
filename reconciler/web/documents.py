"""What the API answers as JSON documents; their members are an interface: docs/api.md, openapi.py."""

from collections.abc import Iterable
from typing import Any, Final

from reconciler.core.message import Mark
from reconciler.core.standing import MessageStanding, Part
from reconciler.render.dialog_document import dialog_document
from reconciler.render.history_document import history_document
from reconciler.render.problem_document import problem_document
from reconciler.web.model import DialogDetail, DialogPage, HistoryPage, ProblemList
from reconciler.web.state import Overview
from reconciler.web.status import running_document

OVERVIEW: Final = "reconciler/overview/v1"
DIALOGS: Final = "reconciler/dialogs/v1"
DIALOG: Final = "reconciler/dialog/v1"
HISTORY: Final = "reconciler/history/v1"
PROBLEMS: Final = "reconciler/problems/v1"
CHANGES: Final = "reconciler/changes/v1"


def overview_document(overview: Overview, change: int) -> dict[str, Any]:
    """Give how everything stands; `change` is the number of changes by then, as in all that follow."""
    return {
        "format": OVERVIEW,
        "change": change,
        "state": overview.state.value,
        "sentence": overview.sentence,
        "hindrance": overview.hindrance,
        "attention": [
            {"what": waits.what, "todo": waits.todo, "command": waits.command, "path": waits.path}
            for waits in overview.attention
        ],
        "dialogsByCondition": _counts(overview.conditions.items()),
        "pending": overview.pending,
        "held": _counts(overview.held.items()),
        "files": overview.files,
        "problems": overview.problems,
        **running_document(overview),
    }


def dialogs_document(page: DialogPage, change: int) -> dict[str, Any]:
    """Give one page of dialogs."""
    return {
        "format": DIALOGS,
        "change": change,
        "total": page.total,
        "page": page.query.page,
        "pages": page.pages,
        "size": page.query.size,
        "dialogsByCondition": _counts(page.conditions.items()),
        "labels": list(page.labels),
        "dialogs": [dialog_document(dialog) for dialog in page.dialogs],
    }


def detail_document(
    detail: DialogDetail, history: HistoryPage, change: int, *, texts: bool
) -> dict[str, Any]:
    """Give one dialog, part by part; with `texts` the texts themselves, else their digests only."""
    return {
        "format": DIALOG,
        "change": change,
        "dialog": dialog_document(detail.report),
        "unseen": detail.unseen,
        "problems": [problem_document(problem) for problem in detail.problems],
        "messages": [_message(standing, texts=texts) for standing in detail.standings],
        "history": [history_document(row, texts=texts) for row in history.entries],
        "next": history.next,
    }


def history_page_document(page: HistoryPage, change: int, *, texts: bool) -> dict[str, Any]:
    """Give one page of the history, as `reconciler history -o json` does."""
    return {
        "format": HISTORY,
        "change": change,
        "entries": [history_document(row, texts=texts) for row in page.entries],
        "next": page.next,
    }


def problems_document(found: ProblemList, change: int) -> dict[str, Any]:
    """Give every problem in manifests, and the dialogs that they hold."""
    return {
        "format": PROBLEMS,
        "change": change,
        "problems": [problem_document(problem) for problem in found.problems],
        "dialogs": [dialog_document(dialog) for dialog in found.dialogs],
    }


def changes_document(change: int) -> dict[str, Any]:
    """Give the number of changes so far."""
    return {"format": CHANGES, "change": change}


def _message(standing: MessageStanding, *, texts: bool) -> dict[str, Any]:
    """Give what is declared of one message: who reads it, to whom it was delivered, what it says."""
    text = [part for part in standing.parts if part.mark is None]
    return {
        "message": standing.message and str(standing.message),
        "wholeDialog": standing.message is None,
        "origin": str(standing.origin),
        "text": _text(text[0], texts=texts) if text else None,
        "read": [_part(part) for part in standing.parts if part.mark is Mark.READ],
        "delivered": [_part(part) for part in standing.parts if part.mark is Mark.DELIVERED],
    }


def _text(part: Part, *, texts: bool) -> dict[str, Any]:
    old, new = part.old, part.new
    shown = {
        "old": old.text.reveal() if old and old.text else None,
        "new": new.reveal() if new else None,
    }
    return {
        **_part(part),
        "oldDigest": old and old.digest.value.hex(),
        "newDigest": new and new.digest().value.hex(),
        "oldInDoubt": old is not None and not old.certain,
        **(shown if texts else {}),
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "user": part.user.value,
        "state": part.state.value,
        "reason": part.reason and part.reason.value,
        "detail": part.detail,
        "until": part.until and part.until.isoformat(),
        "origin": str(part.origin),
    }


def _counts(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    return {str(name): count for name, count in counts}
