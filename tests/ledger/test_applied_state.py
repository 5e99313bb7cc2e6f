"""The applied state follows from the outcomes: against a model, and round trips through the planner."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.action import Action
from reconciler.core.applied import AppliedState
from reconciler.core.manifest import Manifest
from reconciler.core.message import DialogId, Mark
from reconciler.core.outcome import Answer
from reconciler.core.plan import plan_dialog
from reconciler.ledger.entry import Entry
from reconciler.ledger.existing import open_reader
from reconciler.ledger.opening import open_ledger
from reconciler.ledger.reader import LedgerReader
from reconciler.ledger.writer import Ledger
from tests.core.builders import (
    ALICE,
    DIALOG,
    EARLIER,
    M1,
    MESSAGES,
    MINUTE,
    NOW,
    THIS,
    USERS,
    manifest,
    message,
)
from tests.core.chat_model import remember_applied
from tests.core.situations import TEXTS, manifests
from tests.ledger.calls import (
    DOWN,
    GONE,
    LOST,
    NO_SESSION,
    NOT_SENT,
    OK,
    REFUSED,
    SENT_FOR,
    TOO_FAST,
    call,
    intent,
    put_dialog,
    put_marks,
    put_text,
    sent,
)
from tests.ledger.state_model import StateModel

AFTER = NOW + SENT_FOR
DIALOGS = count(1)

marks = st.lists(st.sampled_from(Mark), min_size=1, max_size=2, unique=True).map(tuple)
attempts = st.integers(1, 3)
updates_of_text = st.builds(
    lambda says, carried, of, by, attempt: put_text(says, *carried, of=of, by=by, attempt=attempt),
    st.sampled_from(TEXTS),
    st.just(()) | marks,
    st.sampled_from(MESSAGES),
    st.sampled_from(USERS),
    attempts,
)
updates_of_marks = st.builds(
    lambda carried, of, by, attempt: put_marks(*carried, of=of, by=by, attempt=attempt),
    marks,
    st.sampled_from(MESSAGES),
    st.sampled_from(USERS),
    attempts,
)
dialog_calls = st.builds(
    lambda carried, by, also, asked, attempt: put_dialog(
        *carried, by=by, also=also, requested_at=asked, attempt=attempt
    ),
    marks,
    st.sampled_from(USERS),
    st.sets(st.sampled_from(MESSAGES)),
    st.sampled_from((None, "Monday")),
    attempts,
)
actions: st.SearchStrategy[Action] = updates_of_text | updates_of_marks | dialog_calls
answers: st.SearchStrategy[Answer | None] = st.sampled_from(
    (OK, OK, REFUSED, GONE, TOO_FAST, NO_SESSION, DOWN, LOST, NOT_SENT, None)
)
Step = tuple[Action, Answer | None, bytes]
steps: st.SearchStrategy[Step] = st.tuples(actions, answers, st.sampled_from((THIS, EARLIER)))
histories = st.lists(steps, max_size=12)


@pytest.fixture(scope="module")
def ledger() -> Iterator[Ledger]:
    """One ledger for all examples; each example has a dialog of its own."""
    with (
        tempfile.TemporaryDirectory() as directory,
        open_ledger(Path(directory) / "ledger.db", keep_text=True) as ledger,
    ):
        yield ledger


def undated(state: AppliedState) -> AppliedState:
    """Leave out when and for which manifest it was applied: the planner's model knows nothing of that."""
    texts = {which: replace(text, at=None) for which, text in state.texts.items()}
    return replace(state, texts=texts, manifests=frozenset())


def new_dialog() -> DialogId:
    return DialogId(f"{next(DIALOGS):024x}")


@settings(max_examples=150, deadline=None, database=None)
@given(history=histories)
def test_after_any_calls_the_ledger_knows_what_the_model_knows(ledger: Ledger, history: list[Step]) -> None:
    dialog, model, first = new_dialog(), StateModel(), ledger.next_number()
    for step, (action, answer, digest) in enumerate(history):
        begun = intent(
            first + step, replace(action, dialog=dialog), manifest=digest, sent_at=NOW + step * MINUTE
        )
        ledger.write([begun])
        model.intend(begun)
        if answer is not None:
            ledger.write([answered := call(begun, answer)])
            model.answer(answered)
        assert ledger.applied(dialog) == model.state()
    with open_reader(ledger.path, LedgerReader) as reader:
        assert reader.applied(dialog) == model.state()


@pytest.mark.slow
@settings(max_examples=150, deadline=None, database=None)
@given(rounds=st.lists(st.lists(steps, min_size=1, max_size=3), max_size=6), which=st.data())
def test_written_at_once_or_one_by_one_is_the_same(
    ledger: Ledger, rounds: list[list[Step]], which: st.DataObject
) -> None:
    """Calls of several dialogs go side by side, and several of one dialog may stand in a batch."""
    sides = [which.draw(st.integers(0, 2)) for each in rounds for _ in each]

    def write(dialogs: list[DialogId], *, at_once: bool) -> int:
        numbers, side = count(first := ledger.next_number()), iter(sides)
        entries: list[Entry] = []
        for each in rounds:
            begun = [
                (intent(next(numbers), replace(action, dialog=dialogs[next(side)]), manifest=digest), answer)
                for action, answer, digest in each
            ]
            entries += [intent for intent, _ in begun]
            entries += [call(intent, answer) for intent, answer in begun if answer is not None]
        for batch in [entries] if at_once else [[entry] for entry in entries]:
            ledger.write(batch)
        return first

    ones, others = [new_dialog() for _ in range(3)], [new_dialog() for _ in range(3)]
    first, second = write(ones, at_once=True), write(others, at_once=False)
    assert [ledger.applied(one) for one in ones] == [ledger.applied(other) for other in others]
    recorded = [replace(row, number=0, dialog=DIALOG) for row in ledger.history() if row.number >= first]
    assert recorded[: len(recorded) // 2] == recorded[len(recorded) // 2 :]
    assert second - first == len(sides) == len(recorded) // 2


def statements(ledger: Ledger, entries: list[Entry]) -> int:
    """Count the statements that write a batch."""
    told: list[str] = []
    ledger._connection.set_trace_callback(told.append)  # noqa: SLF001  # SQLite counts them
    ledger.write(entries)
    ledger._connection.set_trace_callback(None)  # noqa: SLF001  # and no more
    return len(told)


def test_a_batch_of_many_calls_takes_as_many_statements_as_one_of_a_few(ledger: Ledger) -> None:
    dialogs = [new_dialog() for _ in range(30)]
    for dialog in dialogs:
        ledger.write(sent(ledger.next_number(), put_text("Hi", Mark.READ, dialog=dialog)))
    first = ledger.next_number()
    begun = [intent(first + step, put_text("Ho", dialog=dialog)) for step, dialog in enumerate(dialogs)]
    few = statements(ledger, [*begun[:2]]), statements(ledger, [call(each) for each in begun[:2]])
    many = statements(ledger, [*begun[2:]]), statements(ledger, [call(each) for each in begun[2:]])
    assert few == many


@settings(max_examples=100, deadline=None, database=None)
@given(wanted=st.lists(manifests, min_size=1, max_size=3))
def test_what_was_planned_and_applied_is_not_planned_again(ledger: Ledger, wanted: list[Manifest]) -> None:
    dialog = new_dialog()
    for each in wanted:
        declared = replace(each, dialog=dialog)
        before = ledger.applied(dialog)
        plan = plan_dialog(declared, before, AFTER)
        numbers = count(ledger.next_number())
        for action in plan.actions:
            ledger.write(sent(next(numbers), action))
        known = ledger.applied(dialog)
        assert undated(known) == undated(remember_applied(before, plan.actions, at=AFTER))
        again = plan_dialog(declared, known, AFTER)
        assert (again.actions, again.held) == ((), ())


@settings(max_examples=100, deadline=None, database=None)
@given(wanted=manifests, data=st.data())
def test_after_failures_a_later_pass_applies_all_that_is_left(
    ledger: Ledger, wanted: Manifest, data: st.DataObject
) -> None:
    declared, now = replace(wanted, dialog=new_dialog()), NOW
    numbers = count(ledger.next_number())
    for action in plan_dialog(declared, ledger.applied(declared.dialog), now).actions:
        begun, answer = (
            intent(next(numbers), action),
            data.draw(st.sampled_from((OK, DOWN, LOST, TOO_FAST, None))),
        )
        ledger.write([begun] if answer is None else [begun, call(begun, answer)])
    now = AFTER + MINUTE
    for action in plan_dialog(declared, ledger.applied(declared.dialog), now).actions:
        begun = intent(next(numbers), action, sent_at=now)
        ledger.write([begun, call(begun)])
    again = plan_dialog(declared, ledger.applied(declared.dialog), now + SENT_FOR)
    assert (again.actions, again.held) == ((), ())


@pytest.mark.parametrize("answer", [None, LOST, DOWN])
def test_a_manifest_that_goes_back_while_a_text_is_in_doubt_is_sent_again(
    ledger: Ledger, answer: Answer | None
) -> None:
    def declares(says: str) -> Manifest:
        return replace(manifest(message(M1, says)), dialog=dialog)

    dialog, number = new_dialog(), ledger.next_number()
    ledger.write(sent(number, put_text("Hi", dialog=dialog)))
    begun = intent(number + 1, put_text("Ho", dialog=dialog))
    ledger.write([begun] if answer is None else [begun, call(begun, answer)])
    (action,) = plan_dialog(declares("Hi"), ledger.applied(dialog), NOW).actions
    assert [change.key for change in action.changes] == [(M1, None, None)]
    assert action.actor == ALICE
