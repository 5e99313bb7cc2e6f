"""What a ledger costs at most: on the disk, a batch, and a dialog."""

import hashlib
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from reconciler.core.action import UpdateMessage
from reconciler.core.call import Call, Intent
from reconciler.core.diff import TextChange
from reconciler.core.message import DialogId, MessageId, UserId
from reconciler.core.message_text import MessageText
from reconciler.core.outcome import Answered, Applied
from reconciler.core.problem import Origin
from reconciler.ledger.opening import open_ledger
from tests.core.builders import NOW

MESSAGES_A_DIALOG = 30
ANSWER = Answered(status=200, request_id="0f8c2a51-9d3e-4b58-8a49-1c8d9e0f6a77")


def intents(random: Random) -> Iterator[Intent]:
    """Give one change of text after another, with ids, paths and digests as long as real ones."""
    number = 0
    while True:
        dialog = DialogId(random.randbytes(12).hex())
        name = f"dialog-{number // MESSAGES_A_DIALOG}"
        for line in range(MESSAGES_A_DIALOG):
            number += 1
            message, actor = MessageId(random.randbytes(12).hex()), UserId(96_000_000 + line)
            origin = Origin(f"manifests/team-{number % 20}/{name}.yaml", 7 + 3 * line, 11)
            text = MessageText(f"Opening hours of day {number}: 9-17")
            change = TextChange(message=message, actor=actor, new=text, old=None, origin=origin)
            yield Intent(
                number=number,
                action=UpdateMessage(dialog=dialog, message=message, actor=actor, changes=(change,)),
                name=name,
                manifest=hashlib.sha256(dialog.value.encode()).digest(),
                sent_at=NOW + number * timedelta(milliseconds=50),
            )


@pytest.mark.no_cover  # what is counted is the processor's time without a tracer's
def test_ten_thousand_messages_take_little_room_and_little_time(path: Path) -> None:
    messages, batch = 9_600, 32
    source = intents(Random(2))  # noqa: S311  # made-up ids, the same in each run
    batches = [list(islice(source, batch)) for _ in range(messages // batch)]
    with open_ledger(path, keep_text=False) as ledger:
        begun = time.process_time()
        for each in batches:
            answers = [
                Call(
                    intent=intent,
                    answer=ANSWER,
                    outcome=Applied(),
                    answered_at=intent.sent_at + timedelta(milliseconds=120),
                )
                for intent in each
            ]
            ledger.write([*each, *answers])
        rate = 2 * messages / (time.process_time() - begun)
        dialogs = {intent.action.dialog for each in batches for intent in each}
        times = []
        for dialog in dialogs:
            begun = time.process_time()
            assert len(ledger.applied(dialog).texts) == MESSAGES_A_DIALOG
            times.append(time.process_time() - begun)
    assert path.stat().st_size / messages < 400
    assert rate > 3_000
    assert sorted(times)[len(times) // 2] < 0.001
