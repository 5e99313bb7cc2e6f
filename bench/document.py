"""The document and the short form of it: what was measured, and which targets are met."""

from collections.abc import Iterable, Mapping
from typing import Final

from bench.bench import Row
from bench.result import Check, Figure, Picture, Result
from bench.words import plain

_YES: Final = "yes"
_NO: Final = "**no**"

_HEAD: Final = """\
# Benchmarks

What the program takes, beside what others take for the same, measured in one run on one machine:

```sh
make bench
```

It writes this page and its pictures. A figure is the median of its repetitions, which took turns with
those of the other programs; the least and the most are told below. What counts are ratios: times are those
of this machine.
"""

_CHECKED: Final = """\
`make bench-check` needs no quiet machine: it counts calls, files read, SQL statements, bytes hashed and
allocations, and compares them with bounds that are checked in. It is a part of `make test`.
"""


def document(results: Mapping[Row, Result], machine: Mapping[str, str]) -> str:
    """Give the whole document, as Markdown."""
    return "\n".join((_HEAD, *_body(results, machine), _CHECKED))


def short(results: Mapping[Row, Result], machine: Mapping[str, str]) -> str:
    """Give what was measured, without the words around it."""
    return "\n".join(_body(results, machine))


def _body(results: Mapping[Row, Result], machine: Mapping[str, str]) -> Iterable[str]:
    yield "| measured with | |\n|---|---|"
    yield from (f"| {name} | {value} |" for name, value in machine.items())
    yield ""
    yield "## Targets"
    yield ""
    yield _verdict(results)
    yield ""
    yield "| what | | ours | against | ratio | target | met |\n|---|---|---|---|---|---|---|"
    for row, result in results.items():
        title = f"[{row.title}](#{row.name})"
        for check in result.checks:
            yield _line(title, check)
            title = ""
        if not result.checks:
            yield f"| {title} | not measured | | | | | {_NO} |"
    yield ""
    for row, result in results.items():
        yield from _section(row, result)


def _verdict(results: Mapping[Row, Result]) -> str:
    unmet = [
        f"- {row.title}: {check.what}"
        for row, result in results.items()
        for check in result.checks
        if not check.met
    ]
    unmet += [f"- {row.title}: not measured" for row, result in results.items() if not result.checks]
    if not unmet:
        return "All targets are met."
    return "\n".join(("These targets are **not met**:", "", *unmet))


def _line(title: str, check: Check) -> str:
    ratio = "" if check.so is not None else "unknown" if check.ratio is None else plain(check.ratio)
    met = _YES if check.met else _NO
    return f"| {title} | {check.what} | {check.ours} | {check.against} | {ratio} | {check.target} | {met} |"


def _section(row: Row, result: Result) -> Iterable[str]:
    yield f'## <a id="{row.name}"></a>{row.title}'
    yield ""
    yield row.how
    yield ""
    if result.failed:
        yield f"Could not be measured: {result.failed}"
        yield ""
    if result.figures:
        yield "| figure | median | least | most | times |\n|---|---|---|---|---|"
        yield from map(_figure, result.figures)
        yield ""
    for note in result.notes:
        yield note
        yield ""
    for picture in result.pictures:
        yield f"![{picture.title} by size](images/{picture.file})"
        yield ""
        yield from _points(picture)
        yield ""


def _figure(figure: Figure) -> str:
    if len(figure.values) == 1:
        return f"| {figure.what} | {figure.shown(figure.middle)} | | | 1 |"
    least, most = figure.shown(min(figure.values)), figure.shown(max(figure.values))
    return f"| {figure.what} | {figure.shown(figure.middle)} | {least} | {most} | {len(figure.values)} |"


def _points(picture: Picture) -> Iterable[str]:
    """Give the points of a picture as a table, for who can't see it."""
    yield f"| {picture.title}, {picture.vertical} | by number of messages, records or resources |\n|---|---|"
    for curve in picture.curves:
        points = ", ".join(f"{size:,}: {plain(value)}" for size, value in curve.points)
        yield f"| {curve.name} | {points} |"
