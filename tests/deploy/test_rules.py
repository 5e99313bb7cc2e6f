"""The rules for Prometheus: well-formed, each alert tried on made-up series, explained and of use."""

import re
import subprocess
from collections import defaultdict
from collections.abc import Mapping

import pytest

from tests.deploy.listening import AMTOOL, promtool, required
from tests.deploy.rules import (
    PROMETHEUS,
    ROOT,
    RULES,
    alerts,
    asked,
    load,
    metrics,
    recorded,
    rules,
    selectors,
)
from tests.program.waiting import LONGEST

RULE_TESTS = sorted((PROMETHEUS / "tests").glob("*.yml"))
CATALOGUE = re.findall(
    r"^\| `(reconciler_\w+)` \| (\w+) \| ([^|]*)\|", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE
)
OF_PROMETHEUS = {"up", "ALERTS"}
OF_TARGETS = {"job", "instance"}


def test_promtool_finds_nothing_wrong_with_the_rules() -> None:
    promtool("check", "rules", *map(str, RULES), cwd=ROOT)


def test_promtool_finds_nothing_wrong_with_the_example_of_a_configuration() -> None:
    assert "2 rule files found" in promtool("check", "config", "prometheus.yml", cwd=PROMETHEUS)


def test_amtool_finds_nothing_wrong_with_the_example_for_alertmanager() -> None:
    command = [required(AMTOOL, "amtool", "prometheus-alertmanager"), "check-config", "alertmanager.yml"]
    done = subprocess.run(
        command, cwd=PROMETHEUS, capture_output=True, text=True, timeout=LONGEST, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_say_what_they_should(path: str) -> None:
    promtool("test", "rules", str(path), cwd=PROMETHEUS)


def test_every_rule_is_tried_and_every_alert_both_ways() -> None:
    fired: dict[str, set[bool]] = defaultdict(set)
    counted = set()
    for case in (case for path in RULE_TESTS for case in load(path)["tests"]):
        for check in case.get("alert_rule_test", ()):
            fired[check["alertname"]].add(bool(check["exp_alerts"]))
        for check in case.get("promql_expr_test", ()):
            counted |= metrics(check["expr"])
    assert [name for name in alerts() if fired[name] != {True, False}] == []
    assert counted >= recorded().keys()


def test_every_alert_says_what_happened_and_where_to_read_on() -> None:
    for name, rule in alerts().items():
        assert name.startswith("Reconciler")
        assert rule["labels"]["severity"] in {"page", "ticket"}, name
        notes = rule["annotations"]
        assert notes.keys() == {"summary", "description", "runbook_url"}, name
        assert "$labels.instance" in notes["summary"], f"{name} does not say where"
        path, _, section = notes["runbook_url"].removeprefix("{{ $externalLabels.runbooks }}").partition("#")
        assert (path, section) == ("docs/runbook.md", name.lower())


def test_a_page_waits_until_it_is_sure() -> None:
    hasty = [
        name for name, rule in alerts().items() if rule["labels"]["severity"] == "page" and "for" not in rule
    ]
    assert hasty == []


def test_all_that_rules_and_dashboard_ask_for_is_in_the_catalogue() -> None:
    known = catalogue()
    strange = {
        (where, selector)
        for where, expression in expressions().items()
        for selector in selectors(expression)
        if not _is_known(selector, known)
    }
    assert strange == set()


def test_all_that_is_recorded_is_of_use() -> None:
    used = set().union(*(metrics(expression) for expression in expressions().values()))
    assert used >= recorded().keys()


def expressions() -> dict[str, str]:
    """Give every expression of rules and dashboard, by where it is."""
    return asked() | {rule.get("alert") or rule["record"]: rule["expr"] for rule in rules()}


def catalogue() -> dict[str, dict[str, set[str]]]:
    """Give the documented series: by name their labels, and by label the values that it may have."""
    found: dict[str, dict[str, set[str]]] = {}
    for name, kind, cell in CATALOGUE:
        labels = {
            label: set(re.findall(r"`([^`]+)`", values))
            for label, values in re.findall(r"`(\w+)`: ((?:`[^`]+`(?:, )?)+)", cell)
        }
        parts = (f"{name}_bucket", f"{name}_count", f"{name}_sum") if kind == "histogram" else (name,)
        found |= dict.fromkeys(parts, labels)
    assert found, "the catalogue was not understood"
    return found


def _is_known(selector: str, known: Mapping[str, Mapping[str, set[str]]]) -> bool:
    name, _, inside = selector.partition("{")
    if name in OF_PROMETHEUS | recorded().keys():
        return True
    matchers = re.findall(r"(\w+)[=!~]+\"([^\"]*)\"", inside)
    return name in known and all(
        label in OF_TARGETS or known[name].get(label, set()) >= set(values.split("|"))
        for label, values in matchers
    )
