"""What a person's command makes of the ledger: nothing waits that they want sent now."""

from dataclasses import dataclass, replace
from types import MappingProxyType

from reconciler.core.applied import AppliedState, Setback
from reconciler.core.message import DialogId
from reconciler.reconcile.planning import AppliedStates


@dataclass(frozen=True, slots=True, kw_only=True)
class AtOnce:
    """The applied states of a ledger; what was deferred there is to be tried at once.

    With `retry_rejected` so is what the service rejected.
    """

    ledger: AppliedStates
    retry_rejected: bool

    def applied(self, dialog: DialogId) -> AppliedState:
        """Give what the ledger knows of one dialog, without the times to wait for."""
        state = self.ledger.applied(dialog)
        failed = {
            key: replace(attempt, retry_at=None) if attempt.setback is Setback.DEFERRED else attempt
            for key, attempt in state.failed.items()
            if not (self.retry_rejected and attempt.setback is Setback.REJECTED)
        }
        return replace(state, failed=MappingProxyType(failed))
