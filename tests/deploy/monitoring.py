"""Prometheus and Alertmanager on the examples of deploy/, in a hurry: short intervals and windows."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import yaml

from tests.deploy.listening import ALERTMANAGER, FREE_PORT, PROMETHEUS, ask, listening, required
from tests.deploy.rules import PROMETHEUS as EXAMPLES
from tests.deploy.rules import RULES, in_a_hurry, load
from tests.program.program import Running
from tests.program.waiting import wait_for

WINDOW: Final = "3s"
"""What every window of time is shortened to, with some ten samples in it."""

_INTERVAL: Final = "250ms"


class Prometheus:
    """A running Prometheus at `address`."""

    def __init__(self, address: str) -> None:
        self.address = address

    def series(self, expression: str) -> list[Mapping[str, str]]:
        """Evaluate an expression now; give the labels of each series that has a number."""
        status, body = ask(self.address, "/api/v1/query", query=expression)
        answer = json.loads(body)
        assert status == HTTPStatus.OK, f"{expression}: {answer['error']}"
        result = answer["data"]["result"]
        if answer["data"]["resultType"] == "scalar":
            return [{}]
        return [each["metric"] for each in result if each["value"][1] != "NaN"]

    def firing(self) -> set[str]:
        """Give the names of the alerts that fire."""
        return {labels["alertname"] for labels in self.series('ALERTS{alertstate="firing"}')}


def address(daemon: Running) -> str:
    """Give what Prometheus calls a daemon: host and port."""
    return daemon.url.removeprefix("http://")


@contextmanager
def prometheus(
    directory: Path, targets: Sequence[str], *, alertmanager: str = "127.0.0.1:9", docs: str = ""
) -> Iterator[Prometheus]:
    """Run Prometheus on prometheus.yml and all rules, scraping the daemons at `targets`."""
    program = required(PROMETHEUS, "prometheus", "prometheus")
    directory.mkdir()
    settings = load(EXAMPLES / "prometheus.yml")
    settings["global"] |= {"scrape_interval": _INTERVAL, "evaluation_interval": _INTERVAL}
    if docs:
        settings["global"]["external_labels"] = {"runbooks": docs}
    _only(settings["scrape_configs"])["static_configs"] = [{"targets": list(targets)}]
    _only(settings["alerting"]["alertmanagers"])["static_configs"] = [{"targets": [alertmanager]}]
    (directory / "prometheus.yml").write_text(yaml.safe_dump(settings))
    (directory / "rules").mkdir()
    for path in RULES:
        (directory / "rules" / path.name).write_text(yaml.safe_dump(_hurried(load(path))))
    command = [program, "--config.file=prometheus.yml", f"--web.listen-address={FREE_PORT}"]
    with listening([*command, "--storage.tsdb.path=data"], directory) as where:
        wait_for(lambda: ask(where, "/-/ready")[0] == HTTPStatus.OK, "Prometheus is ready")
        yield Prometheus(where)


@contextmanager
def alertmanager(directory: Path, webhook: str) -> Iterator[str]:
    """Run Alertmanager on alertmanager.yml, with `webhook` in place of the example's; give its address."""
    program = required(ALERTMANAGER, "prometheus-alertmanager", "prometheus-alertmanager")
    directory.mkdir()
    settings = load(EXAMPLES / "alertmanager.yml")
    routes = settings["route"], *settings["route"]["routes"]
    for route in routes:
        route.update(group_wait="1s", group_interval="1s")
    for receiver in settings["receivers"]:
        _only(receiver["webhook_configs"])["url"] = f"{webhook}/{receiver['name']}"
    (directory / "alertmanager.yml").write_text(yaml.safe_dump(settings))
    command = [program, "--config.file=alertmanager.yml", f"--web.listen-address={FREE_PORT}"]
    alone = ["--cluster.listen-address=", "--storage.path=data"]
    with listening([*command, *alone], directory) as where:
        yield where


def _hurried(rules: Any) -> Any:
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        rule["expr"] = in_a_hurry(rule["expr"], WINDOW)
        if "for" in rule:
            rule["for"] = "1s"
    return rules


def _only(items: list[dict[str, Any]]) -> dict[str, Any]:
    (item,) = items
    return item
