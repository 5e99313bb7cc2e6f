"""What is written to the ledger, in one transaction for any number of them."""

from dataclasses import dataclass

from reconciler.core.call import Call, Intent, Withdrawal
from reconciler.core.file_report import FileReport


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgottenFile:
    """A manifest file that is no longer there: what was known of it goes, the actions stay."""

    location: str


Entry = Intent | Call | Withdrawal | FileReport | ForgottenFile
