"""From a file's change to the answer: what counts, from when, and what does not."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.core.call import Call, Intent
from reconciler.core.outcome import Answered, Applied, Cause, Deferred, Outcome, Rejected
from reconciler.core.plan import DialogPlan, plan_dialog
from reconciler.metrics.change_latency import ChangeLatency
from reconciler.reconcile.file_plan import FilePlan
from reconciler.reconcile.planning import PassPlan
from reconciler.source.directory import ManifestFile
from tests.core.builders import (
    ALICE,
    DIALOG,
    M1,
    M2,
    MINUTE,
    NOTHING,
    NOW,
    READ,
    SECOND,
    THIS,
    manifest,
    message,
    suspended,
)

APPLIED, DEFERRED = Applied(), Deferred(Cause.OUTAGE)


def texts(*says: str) -> DialogPlan:
    """Plan a dialog whose messages must say so; nothing is applied."""
    declared = (message(which, text) for which, text in zip((M1, M2), says, strict=False))
    return plan_dialog(manifest(*declared), NOTHING, NOW)


def one_pass(
    *dialogs: DialogPlan,
    changed_at: datetime | None,
    at: str = "/a.yaml",
    postponed: Iterable[DialogPlan] = (),
) -> PassPlan:
    """Plan the file at a location, whose content is news since then, or is not."""
    file = FilePlan(
        file=ManifestFile(path=at, location=at, content=b""),
        rules=b"",
        dialogs=dialogs,
        broken=(),
        problems=(),
        postponed=tuple(postponed),
        changed_at=changed_at,
    )
    return PassPlan(started_at=NOW, files=(file,))


def call(plan: DialogPlan, after: timedelta, outcome: Outcome = APPLIED, *, action: int = 0) -> Call:
    """Answer one of the planned calls so long after NOW."""
    intent = Intent(number=1, action=plan.actions[action], name="a", manifest=THIS, sent_at=NOW)
    return Call(intent=intent, answer=Answered(status=200), outcome=outcome, answered_at=NOW + after)


def test_a_call_counts_from_the_change_of_its_file_to_its_answer() -> None:
    latency, plan = ChangeLatency(), texts("Hello")
    latency.planned(one_pass(plan, changed_at=NOW - SECOND), ())
    assert latency.answered(call(plan, SECOND)) == 2


def test_each_call_that_follows_counts_once() -> None:
    latency, plan = ChangeLatency(), texts("Hello", "Hello")
    latency.planned(one_pass(plan, changed_at=NOW), ())
    assert latency.answered(call(plan, SECOND)) == 1
    assert latency.answered(call(plan, MINUTE, action=1)) == 60
    assert latency.answered(call(plan, MINUTE)) is None


def test_what_was_declared_before_the_daemon_began_does_not_count() -> None:
    latency, plan = ChangeLatency(), texts("Hello")
    latency.planned(one_pass(plan, changed_at=None), ())
    assert latency.answered(call(plan, SECOND)) is None


def test_what_failed_counts_in_full_once_it_is_applied() -> None:
    latency, plan = ChangeLatency(), texts("Hello")
    latency.planned(one_pass(plan, changed_at=NOW), ())
    assert latency.answered(call(plan, SECOND, DEFERRED)) is None
    assert latency.answered(call(plan, SECOND, Rejected())) is None
    latency.planned(one_pass(plan, changed_at=None), ["/a.yaml"])
    assert latency.answered(call(plan, MINUTE)) == 60


def test_an_edit_of_something_else_does_not_make_a_change_look_younger() -> None:
    latency, plan = ChangeLatency(), texts("Hello")
    latency.planned(one_pass(plan, changed_at=NOW), ())
    more = texts("Hello", "Hi")
    latency.planned(one_pass(more, changed_at=NOW + MINUTE), ["/a.yaml"])
    assert latency.answered(call(more, 2 * MINUTE)) == 120
    assert latency.answered(call(more, 2 * MINUTE, action=1)) == 60


def test_another_text_is_another_change() -> None:
    latency, plan = ChangeLatency(), texts("Hello")
    latency.planned(one_pass(plan, changed_at=NOW), ())
    other = texts("Hi")
    latency.planned(one_pass(other, changed_at=NOW + MINUTE), ["/a.yaml"])
    assert latency.answered(call(plan, 2 * MINUTE)) is None, "nobody wants that any more"
    assert latency.answered(call(other, 2 * MINUTE)) == 60


def test_a_call_that_is_under_way_while_its_file_changes_counts_from_the_change_that_it_is_of() -> None:
    latency, plan = ChangeLatency(), texts("Hello")
    latency.planned(one_pass(plan, changed_at=NOW), ())
    other = texts("Hi")
    latency.planned(one_pass(changed_at=NOW + MINUTE, postponed=[other]), ["/a.yaml"])
    assert latency.answered(call(plan, 2 * MINUTE)) == 120
    latency.planned(one_pass(other, changed_at=None), ["/a.yaml"])
    assert latency.answered(call(other, 3 * MINUTE)) == 120


def test_what_is_suspended_does_not_wait() -> None:
    latency = ChangeLatency()
    declared = manifest(message(M1, "Hello"), suspend=suspended(NOW + MINUTE))
    latency.planned(one_pass(plan_dialog(declared, NOTHING, NOW), changed_at=NOW), ())
    freed = plan_dialog(declared, NOTHING, NOW + MINUTE)
    latency.planned(one_pass(freed, changed_at=None), ["/a.yaml"])
    assert latency.answered(call(freed, 2 * MINUTE)) is None


def test_what_only_time_asks_for_again_does_not_count() -> None:
    latency = ChangeLatency()
    plan = plan_dialog(manifest(read=[ALICE], interval=MINUTE), NOTHING, NOW)
    latency.planned(one_pass(plan, changed_at=NOW), ())
    assert latency.answered(call(plan, SECOND)) == 1
    latency.planned(one_pass(plan, changed_at=None), ["/a.yaml"])
    assert latency.answered(call(plan, MINUTE)) is None


def test_a_call_of_several_changes_counts_from_the_oldest() -> None:
    latency, plan = ChangeLatency(), texts("Hello")
    latency.planned(one_pass(plan, changed_at=NOW), ())
    both = plan_dialog(manifest(message(M1, "Hello", read=[ALICE])), NOTHING, NOW)
    latency.planned(one_pass(both, changed_at=NOW + MINUTE), ["/a.yaml"])
    (action,) = both.actions
    assert action.marks == {READ}
    assert latency.answered(call(both, 2 * MINUTE)) == 120


def test_a_clock_that_was_set_back_gives_no_negative_time() -> None:
    latency, plan = ChangeLatency(), texts("Hello")
    latency.planned(one_pass(plan, changed_at=NOW + MINUTE), ())
    assert latency.answered(call(plan, SECOND)) == 0


def test_a_dialog_that_moves_to_another_file_waits_on_and_one_whose_file_is_gone_is_forgotten() -> None:
    latency, plan = ChangeLatency(), texts("Hello")
    latency.planned(one_pass(plan, changed_at=NOW), ())
    moved = one_pass(plan, changed_at=NOW + MINUTE, at="/b.yaml")
    left = one_pass(changed_at=NOW + MINUTE)
    latency.planned(replace(moved, files=(*moved.files, *left.files)), ["/a.yaml"])
    assert latency.answered(call(plan, 2 * MINUTE)) == 120, "it was wanted all the time"
    latency.planned(one_pass(plan, changed_at=NOW), ["/b.yaml"])
    latency.planned(PassPlan(started_at=NOW, files=()), [])
    assert latency.answered(call(plan, MINUTE)) is None
    assert plan.manifest.dialog == DIALOG
