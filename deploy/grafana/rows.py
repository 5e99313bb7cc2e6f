"""The rows below: what is not as declared, what was sent, how far behind it is, and how the daemon does."""

from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import Panel

from deploy.grafana.panels import (
    BAD,
    BUSY,
    GOOD,
    QUIET,
    WARN,
    Query,
    chosen,
    graph,
    heatmap,
    quantiles,
    rate,
    timeline,
    words,
)

_CONDITIONS: Final = {
    "in sync": GOOD,
    "suspended": "purple",
    "pending": BUSY,
    "backing off": WARN,
    "stalled": BAD,
    "invalid": "dark-red",
}


def dialogs() -> tuple[Builder[Panel], ...]:
    """Give how the dialogs stand, and what holds their changes."""
    return (
        graph(
            "Dialogs by condition",
            "Pending and backing off pass by themselves; stalled and invalid wait for a person.",
            Query(f"sum by (condition) ({chosen('reconciler_dialogs')})", "{{condition}}"),
            stacked=True,
            colours=_CONDITIONS,
        ),
        graph(
            "Changes to be sent, and held",
            "Held: suspended by the manifest; backing off after a failure; rejected by the service for good; "
            "guarded until a person approves the plan.",
            Query(f"sum({chosen('reconciler_changes_pending')})", "to be sent"),
            Query(f"sum by (reason) ({chosen('reconciler_changes_held')})", "{{reason}}"),
            stacked=True,
            colours={
                "to be sent": BUSY,
                "suspended": "purple",
                "backing off": WARN,
                "rejected": BAD,
                "guarded": "dark-red",
            },
        ),
        graph(
            "Problems in manifests, and plans refused",
            "Problems: `reconciler validate` shows each. Refused: a guard held a plan for the first time; "
            "`reconciler plan` prints the command that lets it pass.",
            Query(f"sum({chosen('reconciler_manifest_problems')})", "problems"),
            Query(
                "sum by (guard) "
                f"(increase({chosen('reconciler_guard_refusals_total', window='$__rate_interval')}))",
                "refused: {{guard}}",
            ),
            colours={"problems": BAD},
        ),
    )


def calls() -> tuple[Builder[Panel], ...]:
    """Give the calls: how many, what came of them, how long they took."""
    return (
        graph(
            "Calls by result",
            "Update Message calls a second. Deferred calls are made again, rejected ones are not.",
            Query(f"sum by (result) ({rate('reconciler_api_calls_total')})", "{{result}}"),
            unit="reqps",
            stacked=True,
            colours={"applied": GOOD, "deferred": WARN, "rejected": BAD},
        ),
        graph(
            "Call duration",
            "From sending a call to its answer.",
            *quantiles("reconciler_api_call_duration_seconds"),
            unit="s",
        ),
        heatmap(
            "Call duration, all calls",
            "How many calls took how long; two bands mean that two kinds of answer come.",
            "reconciler_api_call_duration_seconds",
        ),
    )


def backlog() -> tuple[Builder[Panel], ...]:
    """Give what waits, and what it waits for."""
    return (
        graph(
            "Rate: allowed, present, used",
            "Allowed is the setting `rate`. Present is lower for a while after an answer 429. Used are the "
            "calls that were answered.",
            Query(f"sum({chosen('reconciler_rate_limit_calls_per_second')})", "allowed"),
            Query(f"sum({chosen('reconciler_rate_present_calls_per_second')})", "present"),
            Query(f"sum({rate('reconciler_api_calls_total')})", "used"),
            Query(f"sum({rate('reconciler_api_throttles_total')})", "answered 429"),
            unit="reqps",
            colours={"allowed": QUIET, "present": WARN, "used": BUSY, "answered 429": BAD},
        ),
        graph(
            "Calls that wait",
            "Calls of the plans being sent that were not answered yet.",
            Query(f"sum({chosen('reconciler_calls_waiting')})", "waiting"),
            colours={"waiting": BUSY},
        ),
        graph(
            "Time to drain",
            "How long the calls that wait take at the present rate. What was edited last goes first.",
            Query(f"max by (instance) ({chosen('reconciler_calls_drain_seconds')})", "{{instance}}"),
            unit="s",
        ),
    )


def changes() -> tuple[Builder[Panel], ...]:
    """Give how long edits take to reach the chat, against what is promised."""
    return (
        graph(
            "From edit to chat",
            "From a file's change to the answer that applied what follows from it.",
            *quantiles("reconciler_change_latency_seconds"),
            unit="s",
        ),
        graph(
            "Changes that took more than a minute",
            "Their share, in an hour. The objective is 5 %; ReconcilerChangesSlow fires above 30 %. Recorded "
            "by deploy/prometheus/rules.",
            Query(f"max({chosen('instance:reconciler_change_latency_slow:ratio_rate1h')})", "slow"),
            Query("vector(0.05)", "objective"),
            unit="percentunit",
            colours={"slow": BUSY, "objective": QUIET},
        ),
        graph(
            "As declared",
            "The share of the dialogs that is in sync or suspended. Recorded by deploy/prometheus/rules.",
            Query(
                f"min by (instance) ({chosen('instance:reconciler_dialogs_as_declared:ratio')})",
                "{{instance}}",
            ),
            unit="percentunit",
        ),
    )


def daemon() -> tuple[Builder[Panel], ...]:
    """Give how the daemon, its ledger, its session and its watch do."""
    return (
        graph(
            "Passes by result",
            "Success: every call was applied, nothing is invalid or held by a guard. Error: a bug or the "
            "ledger ended it.",
            Query(f"sum by (result) ({rate('reconciler_passes_total')})", "{{result}}"),
            Query(f"sum({rate('reconciler_bugs_total')})", "bugs"),
            unit="ops",
            colours={"success": GOOD, "incomplete": WARN, "error": BAD, "bugs": "dark-red"},
        ),
        graph(
            "Pass duration",
            "From the start of a pass to its end.",
            *quantiles("reconciler_pass_duration_seconds"),
            unit="s",
        ),
        graph(
            "Ledger: writes",
            "Intents and answers are written together, so there are fewer writes than calls. A failed write "
            "stops all calls until one succeeds.",
            Query(f"sum by (result) ({rate('reconciler_ledger_writes_total')})", "{{result}}"),
            unit="ops",
            colours={"committed": GOOD, "failed": BAD},
        ),
        graph(
            "Ledger: size",
            "Its file and the write-ahead log. Nothing is ever deleted from it.",
            Query(f"max by (instance) ({chosen('reconciler_ledger_size_bytes')})", "{{instance}}"),
            unit="bytes",
        ),
        graph(
            "Ledger: oldest answer in doubt",
            "The age of the oldest call without an answer; 0 where there is none.",
            Query(f"max by (instance) ({chosen('reconciler_ledger_oldest_doubt_seconds')})", "{{instance}}"),
            unit="s",
        ),
        graph(
            "Session: time left",
            "Of a session of our own; it is renewed by the first call in its last five minutes. Empty with "
            "an API key, which does not end.",
            Query(
                f"min by (instance) ({chosen('reconciler_session_expiry_timestamp_seconds')}) - time()",
                "{{instance}}",
            ),
            unit="s",
        ),
        timeline(
            "How files are watched",
            "Which of the two is in force. Polling is slower with many files.",
            Query(f"max by (mode) ({chosen('reconciler_watch_mode')})", "{{mode}}"),
            states=words({"0": ("no", QUIET), "1": ("in force", BUSY)}),
            span=12,
        ),
        graph(
            "Failures of watching files",
            "The regular look at all files goes on all the same.",
            Query(
                "sum by (instance) "
                f"(increase({chosen('reconciler_watch_errors_total', window='$__rate_interval')}))",
                "{{instance}}",
            ),
            span=12,
        ),
    )
