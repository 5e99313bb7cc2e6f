"""The catalogue of metrics: one line for each, with its type, its labels and their values, and its help."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

GOLDEN: Final = Path(__file__).parent / "golden" / "metrics.txt"


def catalogue(registry: CollectorRegistry) -> Iterator[str]:
    """Give all metrics of a registry, by name."""
    for family in sorted(registry.collect(), key=lambda family: family.name):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        there = "" if family.samples else " (no sample)"
        yield f"{name} | {family.type} | {_labels(family)} | {family.documentation}{there}"


def _labels(family: Metric) -> str:
    labels: dict[str, dict[str, None]] = {}
    for sample in family.samples:
        for label, value in sample.labels.items():
            labels.setdefault(label, {})[value] = None
    return "; ".join(f"{label}: {', '.join(values)}" for label, values in labels.items())
