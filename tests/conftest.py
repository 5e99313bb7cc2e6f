"""How hard the properties are tried, and what goes first.

`HYPOTHESIS_PROFILE=thorough` looks fifty times longer; `glance`, of a developer's loop, a quarter as long.
"""

import os
import signal

import pytest
from hypothesis import HealthCheck, Phase, settings

# No deadline and no check of speed: a loaded machine is no bug. No database: a failure is found again
# from its printed blob. No explaining: it takes longer than the search.
settings.register_profile(
    "quick",
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
    print_blob=True,
    phases=set(Phase) - {Phase.explain},
)
settings.register_profile("glance", settings.get_profile("quick"), max_examples=10)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_configure() -> None:
    """Let programs under test end at Ctrl-C, also where a shell started all this in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
