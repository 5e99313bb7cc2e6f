"""The dialogs that a pass is sending, and how to call one off."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from reconciler.core.message import DialogId
from reconciler.core.plan import DialogPlan
from reconciler.reconcile.halt import Halt


@dataclass(frozen=True, slots=True)
class _Sending:
    manifest: bytes
    halt: Halt = field(default_factory=Halt)


class Underway:
    """Each dialog is sent by one pass at a time: its calls stay in order."""

    def __init__(self) -> None:
        self._sending: dict[DialogId, _Sending] = {}

    @property
    def dialogs(self) -> AbstractSet[DialogId]:
        """Give the dialogs that are being sent now."""
        return self._sending.keys()

    def begin(self, plan: DialogPlan) -> None:
        """Take note that a pass sends this plan from now on."""
        self._sending[plan.manifest.dialog] = _Sending(plan.manifest.digest)

    def halt(self, dialog: DialogId) -> Halt:
        """Give what is set once no new call may be made for the dialog."""
        return self._sending[dialog].halt

    def end(self, dialog: DialogId) -> None:
        """Take note that nothing is sent for the dialog any more."""
        del self._sending[dialog]

    def call_off(self, dialogs: Iterable[DialogId], but: Iterable[DialogPlan] = ()) -> None:
        """Let no new call be made for `dialogs`, except where a plan in `but` is of the same manifest."""
        same = {plan.manifest.dialog: plan.manifest.digest for plan in but}
        for dialog in dialogs:
            sending = self._sending.get(dialog)
            if sending is not None and same.get(dialog) != sending.manifest:
                sending.halt.set()

    def call_off_all(self) -> None:
        """Let no new call be made for any dialog."""
        for sending in self._sending.values():
            sending.halt.set()
