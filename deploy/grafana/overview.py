"""The top of the dashboard, to be read in ten seconds: whether all is as declared, and who has to act."""

from typing import Final

from grafana_foundation_sdk.builders.text import Panel as Text
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import Panel
from grafana_foundation_sdk.models.text import TextMode

from deploy.grafana.panels import (
    BAD,
    BUSY,
    GOOD,
    QUIET,
    WARN,
    Query,
    chosen,
    or_never,
    stat,
    steps,
    table,
    timeline,
    words,
)

_YES_OR_NO: Final = words({"0": ("no", GOOD), "1": ("yes", BAD)})


def figures() -> tuple[Builder[Panel], ...]:
    """Give one figure for each question, two rows of them."""
    ours, stuck = 'condition=~"in sync|suspended"', 'condition=~"stalled|invalid"'
    pending, held = (
        chosen("reconciler_changes_pending"),
        chosen("reconciler_changes_held", 'reason!="suspended"'),
    )
    return (
        stat(
            "As declared",
            "Dialogs in sync or suspended, of all that are declared. Below 100 % the next figures say why.",
            Query(f"sum({chosen('reconciler_dialogs', ours)}) / sum({chosen('reconciler_dialogs')})"),
            unit="percentunit",
            thresholds=steps(BAD, (0.9, WARN), (1, GOOD)),
        ),
        stat(
            "Dialogs that wait for a person",
            "Refused by the service, held by a guard, or with an invalid manifest: they stay so until "
            "somebody acts. `reconciler status` names them.",
            Query(f"sum({chosen('reconciler_dialogs', stuck)})"),
            thresholds=steps(GOOD, (1, BAD)),
        ),
        stat(
            "Is anything in the way",
            "Whether manifests, ledger, service or a bug keep it from acting on all that is declared; "
            "/readyz says in words what it is.",
            Query(f"max({chosen('reconciler_hindered')})"),
            thresholds=steps(QUIET),
            mappings=_YES_OR_NO,
        ),
        stat(
            "Changes not applied",
            "To be sent, backing off, refused or held by a guard; what is suspended does not count.",
            Query(f"sum({pending}) + sum({held})"),
            thresholds=steps(GOOD, (1, BUSY)),
        ),
        stat(
            "Time to drain",
            "How long the calls that wait take at the present rate.",
            Query(f"max({chosen('reconciler_calls_drain_seconds')})"),
            unit="s",
            thresholds=steps(GOOD, (60, BUSY), (900, WARN)),
        ),
        stat(
            "All was as declared",
            "The time since a look or a pass after which everything was as declared or suspended.",
            Query(f"time() - min({chosen('reconciler_last_success_timestamp_seconds')})"),
            unit="s",
            thresholds=steps(GOOD, (300, WARN), (3600, BAD)),
            mappings=or_never(),
        ),
        stat(
            "Calls applied",
            "In the time range that is shown.",
            Query(_total('result="applied"')),
        ),
        stat(
            "Calls that failed",
            "Deferred or refused, in the time range that is shown.",
            Query(_total('result!="applied"')),
            thresholds=steps(GOOD, (1, WARN)),
        ),
        stat(
            "From edit to chat, 95 %",
            "Of the changes in the time range that is shown, 95 % were applied sooner than this.",
            Query(
                "histogram_quantile(0.95, sum by (le) (increase("
                f"{chosen('reconciler_change_latency_seconds_bucket', window='$__range')})))"
            ),
            unit="s",
            thresholds=steps(GOOD, (60, WARN)),
        ),
        stat(
            "Last look at the files",
            "The time since the daemon looked at all files; it does so every 30 seconds unless `rescan` says "
            "otherwise.",
            Query(f"time() - min({chosen('reconciler_last_attempt_timestamp_seconds')})"),
            unit="s",
            thresholds=steps(GOOD, (120, WARN), (300, BAD)),
            mappings=or_never(),
        ),
        stat(
            "Daemons reached",
            "Of those chosen above, how many Prometheus reached at its last try.",
            Query(f"sum({chosen('up')})"),
            thresholds=steps(BAD, (1, GOOD)),
        ),
        stat(
            "Version",
            "Of each daemon; more than one during an update only.",
            Query(f"max by (version) ({chosen('reconciler_build_info')})", "{{version}}"),
            names=True,
        ),
    )


def trouble() -> tuple[Builder[Panel], ...]:
    """Give what was in the way when, and the alerts that fire."""
    states = (
        Query(f"1 - max by (instance) ({chosen('up')})", "down"),
        Query(f"max by (by) ({chosen('reconciler_hindered')})", "hindered by {{by}}"),
        Query(f"max({chosen('reconciler_breaker_tripped')})", "only probes are sent"),
        Query(f"max({chosen('reconciler_watch_fallback')})", "files are polled"),
    )
    # An alert about a job without any target has no instance.
    firing = 'ALERTS{alertstate="firing", alertname=~"Reconciler.+", job=~"$job", instance=~"$instance|"}'
    return (
        timeline(
            "What was in the way, and when",
            "Down: Prometheus could not reach it. Hindered: it says itself that the manifests (source), the "
            "ledger, the chat service or a bug keep it from working. Only probes: the service gave no useful "
            "answer. Polled: inotify can't be used.",
            *states,
            states=_YES_OR_NO,
            span=14,
        ),
        table(
            "Alerts that fire",
            "Each has a section in docs/runbook.md. The list stays empty where Prometheus does not load "
            "deploy/prometheus/rules.",
            Query(firing),
            columns=(("alertname", "Alert"), ("severity", "Severity"), ("instance", "Daemon")),
            none="none",
            span=10,
        ),
    )


def runbook() -> Text:
    """Give where to read on."""
    content = (
        "Each alert has a section in **docs/runbook.md**: what it means, what to look at, what to do. The "
        "link above leads there once *Repository at* is set to where your copy of the repository can be read."
        "\n\nOn the host: `reconciler status` names what is not as declared, `reconciler plan` what would be "
        "sent, `reconciler history` what was sent and answered, `reconciler ledger check` whether the ledger "
        "is whole. The daemon shows the same in a browser, at the address that is scraped here."
    )
    return Text().title("What to do").mode(TextMode.MARKDOWN).content(content).height(5).span(24)


def _total(result: str) -> str:
    """Count the calls of the time range that is shown."""
    return f"sum(increase({chosen('reconciler_api_calls_total', result, window='$__range')}))"
