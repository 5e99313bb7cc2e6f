"""What a person's command makes of the ledger: nothing waits that they want sent now."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from types import MappingProxyType

from reconciler.core.applied import AppliedState, FailedAttempt, Setback
from reconciler.core.message import DialogId
from reconciler.core.refusal import Approval, Known
from reconciler.ledger.reader import LedgerReader


@dataclass(frozen=True, slots=True, kw_only=True)
class AtOnce:
    """The applied states of a ledger; what was deferred there is to be tried at once.

    With `retry_rejected` so is what the service rejected.
    """

    ledger: LedgerReader
    retry_rejected: bool

    def applied(self, dialog: DialogId) -> AppliedState:
        """Give what the ledger knows of one dialog, without the times to wait for."""
        state = self.ledger.applied(dialog)
        failed = {key: self._at_once(attempt) for key, attempt in state.failed.items()}
        return replace(state, failed=MappingProxyType(failed))

    def _at_once(self, attempt: FailedAttempt) -> FailedAttempt:
        match attempt.setback:
            case Setback.DEFERRED:
                return replace(attempt, retry_at=None)
            case Setback.REJECTED:
                # as if under another manifest: free, and known to have been tried
                return replace(attempt, manifest=b"") if self.retry_rejected else attempt

    def approvals(self) -> tuple[Approval, ...]:
        """Give what people let pass the guards."""
        return self.ledger.approvals()

    def known_of(self, dialogs: AbstractSet[DialogId]) -> Known:
        """Count what the ledger knows of these dialogs."""
        return self.ledger.known_of(dialogs)

    def texts_known(self) -> int:
        """Count the texts of all dialogs that the ledger knows."""
        return self.ledger.texts_known()
