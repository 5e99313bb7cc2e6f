"""The catalogue of metrics is an interface: names, types, labels, values and help stay as they are."""

import os
import shutil
import subprocess

import pytest
from prometheus_client.exposition import choose_encoder, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from reconciler.core.condition import Condition
from tests.core.builders import NOW
from tests.metrics.catalogue import GOLDEN, catalogue
from tests.metrics.shown import file, metrics, moment, series

PROMTOOL = shutil.which("promtool")
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def test_the_catalogue_is_as_it_was() -> None:
    shown = "".join(f"{line}\n" for line in catalogue(metrics().registry))
    if os.environ.get("RECONCILER_WRITE_DOCS"):
        GOLDEN.write_text(shown)
    assert shown == GOLDEN.read_text()


def test_every_series_is_there_from_the_beginning_and_nothing_happened_yet() -> None:
    none = {name: value for name, value in series(metrics()).items() if value}
    assert none == {
        'reconciler_build_info{version="1.2.3"}': 1,
        'reconciler_watch_mode{mode="inotify"}': 1,
        "reconciler_rate_limit_calls_per_second": 80,
        "reconciler_rate_present_calls_per_second": 80,
    }


def test_what_happens_adds_no_series() -> None:
    before = series(metrics()).keys()
    session = {"reconciler_session_expiry_timestamp_seconds"}
    busy = metrics(
        [file("a.yaml", *Condition, held={}, pending=3)],
        lambda: moment(hindered_by={"ledger", "a dialog"}, session_ends_at=NOW, last_attempt_at=NOW),
    )
    assert series(busy).keys() == before | session


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_nothing_tells_when_a_series_was_created(accept: str) -> None:
    encode, _ = choose_encoder(accept)
    assert b"_created" not in encode(metrics().registry)


def test_openmetrics_is_what_its_parser_reads() -> None:
    encode, content_type = choose_encoder(OPENMETRICS)
    assert content_type.startswith("application/openmetrics-text")
    shown = metrics()
    text = encode(shown.registry).decode()
    read = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]  # the library's own
    types = {family.name: family.type for family in shown.registry.collect()}
    assert {family.name: family.type for family in read} == types


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not on this machine; Debian's prometheus has it")
def test_promtool_finds_nothing_wrong() -> None:
    assert PROMTOOL is not None
    text = generate_latest(metrics().registry)
    checked = subprocess.run([PROMTOOL, "check", "metrics"], check=False, input=text, capture_output=True)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_a_lone_surrogate_in_a_label_is_spelled_out() -> None:
    shown = generate_latest(metrics(version="1.2.3+\ud800").registry).decode()
    assert r'reconciler_build_info{version="1.2.3+\\ud800"} 1.0' in shown
