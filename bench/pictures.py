"""Draws the curves: `pictures.py CURVES FOLDER`, run where matplotlib is; CURVES is JSON.

A program of its own, so that who develops the product needs no matplotlib.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

_COLOURS: Final = ("#0a7d5a", "#1f5fbf", "#8a3ffc", "#c2410c", "#a16207", "#be123c")
_INK: Final = "#6b7280"
"""Readable on a light page and on a dark one."""

_INKED: Final = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")


def draw(picture: dict[str, Any], folder: Path) -> None:
    """Draw one picture; both axes are logarithmic, so that ten times as much is the same step everywhere."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for curve, colour in zip(picture["curves"], _COLOURS, strict=False):
        sizes, values = zip(*curve["points"], strict=True)
        line = "-" if curve["ours"] else "--"
        axes.plot(sizes, values, line, marker="o", linewidth=2, color=colour, label=curve["name"])
    axes.set(xscale="log", yscale="log", xlabel="messages, records or resources", ylabel=picture["vertical"])
    axes.set_title(picture["title"])
    axes.grid(visible=True, which="major", alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(folder / picture["file"], transparent=True, metadata={"Date": None})


def main(curves: str, folder: str) -> None:
    """Draw all pictures."""
    mpl.rcParams.update(
        {
            "svg.fonttype": "none",  # text stays text
            "svg.hashsalt": "reconciler",  # the same names inside for the same curves
            "font.family": "sans-serif",
            **dict.fromkeys(_INKED, _INK),
        }
    )
    for picture in json.loads(Path(curves).read_text()):
        draw(picture, Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
