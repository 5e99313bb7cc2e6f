"""Where texts are in the files, and where not."""

import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from reconciler.ledger.existing import open_reader
from reconciler.ledger.opening import open_ledger
from reconciler.ledger.reader import LedgerReader
from reconciler.ledger.writer import Ledger
from tests.core.builders import DIALOG, M1, READ, digest
from tests.ledger.calls import DOWN, LOST, OK, REFUSED, intent, put_text, sent

CANARY = "the canary sings at midnight"
DOCS = Path(__file__).parents[2] / "docs" / "ledger.md"


def everything_in(directory: Path) -> bytes:
    return b"".join(each.read_bytes() for each in directory.iterdir())


def write_canaries(ledger: Ledger, numbers: Iterable[int]) -> None:
    answers = (DOWN, LOST, REFUSED, OK)
    entries = [
        entry
        for number in numbers
        for entry in sent(number, put_text(f"{CANARY} {number}", READ), answers[number % 4])
    ]
    for start in range(0, len(entries), 40):
        ledger.write(entries[start : start + 40])
    ledger.write([intent(max(numbers) + 1, put_text(CANARY))])


def test_with_digests_only_no_file_ever_holds_a_text(path: Path) -> None:
    with open_ledger(path, keep_text=False) as ledger:
        write_canaries(ledger, range(1, 401))
        assert len(everything_in(path.parent)) > 100_000
        assert b"canary" not in everything_in(path.parent)
    assert b"canary" not in everything_in(path.parent)


def test_with_digests_only_texts_are_told_apart_by_digest(path: Path) -> None:
    with open_ledger(path, keep_text=False) as ledger:
        ledger.write(sent(1, put_text("Hi")))
        ledger.write([intent(2, put_text("Ho"))])
        (row, _) = ledger.history()
    assert (row.old and row.old.digest, row.new and row.new.digest) == (digest("Hi"), digest("Ho"))
    assert (row.old and row.old.text, row.new and row.new.text) == (None, None)
    with open_reader(path, LedgerReader) as reader:
        (known,) = reader.applied(DIALOG).texts.values()
    assert (known.digest, known.text, known.certain) == (digest("Hi"), None, False)


def test_where_texts_are_kept_the_file_holds_them(path: Path) -> None:
    with open_ledger(path, keep_text=True) as ledger:
        ledger.write(sent(1, put_text(CANARY)))
    assert b"canary" in everything_in(path.parent)


def test_texts_kept_before_the_setting_changed_stay(path: Path) -> None:
    with open_ledger(path, keep_text=True) as ledger:
        ledger.write(sent(1, put_text("Hi")))
    with open_ledger(path, keep_text=False) as ledger:
        kept = ledger.applied(DIALOG).texts[M1]
        assert (kept.digest, kept.text and kept.text.reveal()) == (digest("Hi"), "Hi")
        ledger.write(sent(2, put_text("Ho")))
        unkept = ledger.applied(DIALOG).texts[M1]
    assert (unkept.digest, unkept.text) == (digest("Ho"), None)


def test_the_documented_way_to_remove_texts_leaves_none_and_changes_nothing_else(path: Path) -> None:
    removal = re.search(r"```sql\n(UPDATE action.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert removal is not None
    with open_ledger(path, keep_text=True) as ledger:
        write_canaries(ledger, range(1, 101))
        before, digests = ledger.applied(DIALOG), [row.new and row.new.digest for row in ledger.history()]
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        shell.executescript(removal[1])
    assert b"canary" not in everything_in(path.parent)
    with open_ledger(path, keep_text=False) as ledger:
        after = ledger.applied(DIALOG)
        assert (after.texts.keys(), after.marks, after.failed) == (
            before.texts.keys(),
            before.marks,
            before.failed,
        )
        assert [row.new and row.new.digest for row in ledger.history()] == digests


def test_a_text_does_not_show_in_what_history_gives_unless_asked(ledger: Ledger) -> None:
    ledger.write([*sent(1, put_text(CANARY)), *sent(2, put_text(f"{CANARY}!"))])
    rows = list(ledger.history())
    assert "canary" not in f"{rows}{ledger.applied(DIALOG)}"
    assert rows[0].old is not None
    assert rows[0].old.text is not None
    assert rows[0].old.text.reveal() == CANARY
