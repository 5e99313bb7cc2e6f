"""What deploy/ holds, as values: rules, the dashboard, and the expressions in both."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
PROMETHEUS: Final = ROOT / "deploy/prometheus"
RULES: Final = sorted((PROMETHEUS / "rules").glob("*.yml"))
DASHBOARD: Final = ROOT / "deploy/grafana/reconciler.json"

CHOICES: Final = {"$job": ".*", "$instance": ".*"}
"""What the dashboard's variables stand for where nobody chooses."""

_SELECTOR: Final = re.compile(
    r"(?<![\w:])(?:(?:instance:)?reconciler_[\w:]+|up|ALERTS)(?![\w:])(?:\{[^}]*\})?"
)
_WINDOW: Final = re.compile(r"\[(?:\d+[smhd]|\$__rate_interval|\$__range)\]")
_OFFSET: Final = re.compile(r"offset \d+[smhd]")
_LABELS: Final = re.compile(r"label_values\((.*), \w+\)")


def load(path: Path) -> Any:
    """Read a YAML file."""
    return yaml.safe_load(path.read_text())


@cache
def rules() -> tuple[dict[str, Any], ...]:
    """Give every rule there is."""
    return tuple(rule for path in RULES for group in load(path)["groups"] for rule in group["rules"])


def alerts() -> dict[str, dict[str, Any]]:
    """Give the alerts by name."""
    found = [rule for rule in rules() if "alert" in rule]
    by_name = {rule["alert"]: rule for rule in found}
    assert len(by_name) == len(found), "an alert is there twice"
    return by_name


def recorded() -> dict[str, str]:
    """Give what is recorded: names, and the expressions that they stand for."""
    return {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}


def panels() -> list[dict[str, Any]]:
    """Give the dashboard's panels, rows left out."""
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def asked() -> dict[str, str]:
    """Give what the dashboard asks Prometheus, with the place where it does."""
    board = json.loads(DASHBOARD.read_text())
    panels = {
        f"panel {panel['id']} {panel['title']}, {target['refId']}": target["expr"]
        for panel in board["panels"]
        for target in panel.get("targets", ())
    }
    annotations = {f"annotation {each['name']}": each["expr"] for each in board["annotations"]["list"]}
    variables = {
        f"variable {each['name']}": found[1]
        for each in board["templating"]["list"]
        if (found := _LABELS.fullmatch(each["query"]))
    }
    return panels | annotations | variables


def selectors(expression: str) -> list[str]:
    """Give the selectors in an expression, without their windows."""
    return _SELECTOR.findall(expression)


def metrics(expression: str) -> set[str]:
    """Give the names of all that an expression selects."""
    return {selector.split("{")[0] for selector in selectors(expression)}


def in_a_hurry(expression: str, window: str) -> str:
    """Give an expression for a test: short windows and offsets, and nothing chosen on the dashboard."""
    for variable, choice in CHOICES.items():
        expression = expression.replace(variable, choice)
    return _OFFSET.sub(f"offset {window}", _WINDOW.sub(f"[{window}]", expression))
