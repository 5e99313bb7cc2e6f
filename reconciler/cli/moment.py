"""What metrics show of one moment, gathered from the parts that the daemon was put together from."""

from datetime import UTC, datetime

from reconciler.cli.clock import now
from reconciler.cli.sending import Sending
from reconciler.daemon.health import Health
from reconciler.ledger.own_files import size_of
from reconciler.metrics.moment import Moment, Traffic
from reconciler.source.watch import Watch


def moment(traffic: Traffic, parts: Sending, watch: Watch, health: Health) -> Moment:
    """Gather it. Cheap: two files are looked at, and none is read."""
    recorder, logins = parts.recorder, parts.logins()
    ends_at = logins.session_ends_at
    return Moment(
        at=now(),
        traffic=traffic,
        throttled_logins=logins.throttled,
        session_ends_at=None if ends_at is None else datetime.fromtimestamp(ends_at, UTC),
        watch_mode=watch.mode,
        hindered_by={by for by, reason in health.hindrances.items() if reason is not None},
        last_attempt_at=health.last_attempt_at,
        last_success_at=health.last_success_at,
        ledger_committed=recorder.committed,
        ledger_failed=recorder.failed,
        ledger_size=size_of(parts.reader.path),
        doubts=recorder.doubts.oldest(),
    )
