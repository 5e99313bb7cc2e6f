"""All rows, in the order in which the document shows them."""

from typing import Final

from bench.bench import Row
from bench.rows import daemon_rows, edit, first_apply, first_plan, growth, ledger_size, nothing_new, starts

ROWS: Final[tuple[Row, ...]] = (
    nothing_new.SMALL,
    nothing_new.LARGE,
    daemon_rows.RESTART,
    edit.ROW,
    first_apply.FIRST,
    first_apply.PACED,
    first_plan.FIRST_PLAN,
    first_plan.PENDING,
    daemon_rows.IDLE,
    ledger_size.ROW,
    starts.ROW,
    growth.ROW,
)
