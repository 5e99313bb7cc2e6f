"""What is told about a file with a document that is not valid YAML: all that is wrong, and nothing else."""

import re
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from yaml.error import YAMLError
from yaml.events import Event

from reconciler.core.acting import Acting
from reconciler.core.manifest import BrokenManifest
from reconciler.core.message import DialogId
from reconciler.core.problem import Origin
from reconciler.source.rules import Rules
from reconciler.source.stretches import stretches
from reconciler.source.syntax import EventParser, FastestParser, PythonParser
from reconciler.source.yaml_file import Loaded
from reconciler.source.yaml_loading import load_with
from tests.source.valid_manifests import Writer

RULES = Rules(acting=Acting())
PARSERS = pytest.mark.parametrize("parser", [FastestParser, PythonParser])
RANDOM = st.integers(0, 2**32 - 1).map(Random)
NOT_ALL = "(not all that follows in this document could be read)"

HEAD = """\
apiVersion: reconciler/v1
kind: Dialog
metadata:
  name: one
spec:
  dialogId: 53a99a7be4b094c7c6d31b41
"""
SECOND = HEAD.replace("one", "two").replace("31b41", "31b42")
THIRD = HEAD.replace("one", "three").replace("31b41", "31b43")


def loaded(text: str, parser: type[EventParser] = FastestParser) -> Loaded:
    return load_with(text.encode(), "m.yaml", RULES, parser)


def places(result: Loaded) -> list[str]:
    return [f"{problem.origin.line}:{problem.origin.column}" for problem in result.problems]


def of_yaml(result: Loaded) -> list[int]:
    """Give the lines in which YAML itself found a mistake."""
    return [problem.origin.line for problem in result.problems if NOT_ALL in problem.todo]


def of_the_format(result: Loaded) -> list[int]:
    return [problem.origin.line for problem in result.problems if NOT_ALL not in problem.todo]


MISTAKES = {
    "a quote": '  read: "\n',
    "an apostrophe": "  read: 'it\n",
    "a bracket": "  read: [1, {a: 2\n",
    "a brace": "  labels: {a: [b\n",
    "a block with words behind its bar": "  read: |x\n    y\n",
    "a word": "  read\n",
    "a colon": "  read: a: b\n",
    "a tab": "\tread: true\n",
    "depth": f"  read: {'[' * 40}\n",
    "an indentation": " read: true\n",
    "a question mark": "  ? [\n",
    "a value": "  read: @\n",
}


@PARSERS
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
@pytest.mark.parametrize(
    "marker", ["---\n", "--- # next\n", "...\n---\n", "...\n# next\n\n---\n", "\ufeff---\n"]
)
def test_documents_around_a_mistake_count_as_ever(
    mistake: str, marker: str, parser: type[EventParser]
) -> None:
    right = "# right\n" * mistake.count("\n")
    result = loaded(f"{HEAD}---\n{SECOND}  actAs: 42\n{mistake}{marker}{THIRD}", parser)
    as_ever = loaded(f"{HEAD}---\n{SECOND}  actAs: 42\n{right}{marker}{THIRD}").manifests
    assert result.manifests == (as_ever[0], as_ever[2])
    assert result.broken == (
        BrokenManifest(
            name="two", dialog=DialogId("53a99a7be4b094c7c6d31b42"), origin=Origin("m.yaml", 8, 1)
        ),
    )
    assert len(result.problems) == 1
    assert result.problems[0].todo.endswith(NOT_ALL)


@PARSERS
def test_a_document_that_ends_in_mid_value_is_held_and_those_before_it_are_not(
    parser: type[EventParser],
) -> None:
    result = loaded(f'{HEAD}---\n{SECOND}  messages:\n    - id: "53aabe15e4b077ddd43e7fd3\n', parser)
    assert [manifest.name for manifest in result.manifests] == ["one"]
    assert [broken.name for broken in result.broken] == ["two"]


@PARSERS
def test_a_document_says_whose_it_is_below_the_mistake_too(parser: type[EventParser]) -> None:
    text = HEAD.replace("kind: Dialog", "kind: a: b")
    (broken,) = loaded(text, parser).broken
    assert (broken.name, broken.dialog) == ("one", DialogId("53a99a7be4b094c7c6d31b41"))


@PARSERS
@pytest.mark.parametrize("mistake", ["'", '"', "a: '", "[", "{a: [", "- {", "? [", "|", "a: >-\n text"])
@pytest.mark.parametrize("marker", ["---\n", "--- # next\n", "---   \n", "...\n---\n", "---\r\n"])
def test_a_marker_ends_whatever_is_open(mistake: str, marker: str, parser: type[EventParser]) -> None:
    result = loaded(f"{mistake}\n{marker}{HEAD}", parser)
    assert [manifest.name for manifest in result.manifests] == ["one"]
    assert [broken.name for broken in result.broken] == [None]


@PARSERS
@pytest.mark.parametrize("line", [" ---", "----", "---a", "x ---", "# ---", " ...", "....", ".. ."])
def test_what_only_looks_like_a_marker_ends_nothing(line: str, parser: type[EventParser]) -> None:
    result = loaded(f"{HEAD}  labels: '\n{line}\n'\n", parser)
    assert [broken.name for broken in result.broken] == ["one"]
    assert places(result) == ["7:3"]


@PARSERS
def test_a_lost_marker_between_two_documents_breaks_both(parser: type[EventParser]) -> None:
    result = loaded(f"{HEAD}{SECOND}---\n{THIRD}", parser)
    assert [manifest.name for manifest in result.manifests] == ["three"]
    assert [broken.name for broken in result.broken] == ["one"]
    result = loaded(f'{HEAD}  read: "\n--\n{SECOND}---\n{THIRD}', parser)
    assert [manifest.name for manifest in result.manifests] == ["three"]
    assert [broken.name for broken in result.broken] == ["one"]


@PARSERS
def test_a_document_behind_the_end_mark_needs_a_marker(parser: type[EventParser]) -> None:
    result = loaded(f"{HEAD}...\n{SECOND}  read: false\n---\n{THIRD}", parser)
    assert [manifest.name for manifest in result.manifests] == ["one", "three"]
    assert [broken.name for broken in result.broken] == ["two"]
    assert places(result) == ["8:1", "14:9"]


@PARSERS
@pytest.mark.parametrize(
    "directives", ["%YAML 1.1\n", "%YAML 1.2\n# so\n\n", "%TAG ! tag:example.com,2026:\n"]
)
@pytest.mark.parametrize("before", [HEAD, f"{HEAD}...\n", f'{HEAD}  read: "\n', "# nothing\n"])
def test_directives_belong_to_the_document_behind_them(
    before: str, directives: str, parser: type[EventParser]
) -> None:
    good = loaded(f"{before}{directives}---\n{SECOND}", parser)
    assert [manifest.name for manifest in good.manifests][-1] == "two"
    bad = loaded(f"{before}{directives}%YAML 3.0\n---\n{SECOND}", parser)
    assert "two" not in [manifest.name for manifest in bad.manifests]
    assert good.manifests[:-1] == bad.manifests


PIECES = [
    *(
        "---\n",
        "---\r\n",
        "--- {a: 1}\n",
        "--- # c\n",
        "...\n",
        "... # c\n",
        "%YAML 1.1\n",
        "%YAML 1.2\r\n",
        "%TAG ! x:\n",
    ),
    *(
        "a: b\n",
        "a:\n- b\n",
        "a: |\n",
        "  c\n",
        "- 'a\n",
        "  b'\n",
        "# c\n",
        "\n",
        "\r",
        " \t\n",
        "...",
        "---",
    ),
]


def events(text: str, parser: type[EventParser]) -> list[tuple[type[Event], str]] | None:
    """Give the events of documents with their values, or None where the text is not valid YAML."""
    try:
        found = list(iter(parser(text.encode()).get_event, None))
    except YAMLError:
        return None
    return [(type(event), getattr(event, "value", "")) for event in found[1:-1]]


@PARSERS
@settings(deadline=None, max_examples=200)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12))
def test_cut_in_stretches_a_file_means_what_it_means_as_a_whole(
    pieces: list[str], parser: type[EventParser]
) -> None:
    text = "".join(pieces)
    whole = events(text, parser)
    assume(whole is not None)
    assume(not any("%" in value for _, value in whole or ()))  # a document that is one long value
    parts = [(stretch, events(stretch.text, parser)) for stretch in stretches(text)]
    assert [event for _, part in parts for event in part or [(Event, "none")] if part != []] == whole
    lines = [stretch.line for stretch, _ in parts]
    assert lines == sorted(lines)


@settings(deadline=None, max_examples=200)
@given(random=RANDOM)
def test_the_manifests_below_are_valid(random: Random) -> None:
    text = Writer(random).manifest()
    assert loaded(text).problems == (), text
    assert loaded(text, PythonParser).problems == (), text


@PARSERS
@settings(deadline=None, max_examples=200)
@given(random=RANDOM)
def test_one_broken_line_is_one_mistake_and_leads_to_no_other_problem(
    random: Random, parser: type[EventParser]
) -> None:
    writer = Writer(random)
    lines = writer.manifest().splitlines()
    at = random.randrange(len(lines))
    lines[at] = writer.break_line(lines[at])
    assume(not lines[at].startswith(("---", "...")))
    text = "\n".join([*lines, ""])
    result = loaded(text, parser)
    assume(of_yaml(result))
    assert len(of_yaml(result)) == 1, text
    assert set(of_the_format(result)) <= {at + 1}, text
    assert result.manifests == ()


PLANTED = "txt: Hello"
"""A line that no message should have."""


def items(lines: Sequence[str]) -> list[int]:
    """Give the lines at which messages start; a line of a text may look like one, further to the right."""
    found = [(i, len(start[1])) for i, line in enumerate(lines) if (start := re.match("( *)- id:", line))]
    return [i for i, indent in found if indent == min(indent for _, indent in found)]


@PARSERS
@settings(deadline=None, max_examples=200)
@given(random=RANDOM)
def test_a_problem_above_a_broken_line_is_told_too(random: Random, parser: type[EventParser]) -> None:
    writer = Writer(random)
    lines = writer.manifest().splitlines()
    starts = items(lines)
    assume(len(starts) > 1)
    planted, other = sorted(random.sample(starts, 2))
    lines[planted + 1 : planted + 1] = [" " * (lines[planted].index("-") + 2) + PLANTED]
    at = random.randrange(other + 1, len(lines))
    lines[at] = writer.break_line(lines[at])
    assume(not lines[at].startswith(("---", "...")))
    text = "\n".join([*lines, ""])
    result = loaded(text, parser)
    assume(of_yaml(result))
    assert planted + 2 in of_the_format(result), text
    assert set(of_the_format(result)) <= {planted + 2, at + 1}, text


@PARSERS
@settings(deadline=None, max_examples=200)
@given(random=RANDOM)
def test_a_problem_below_a_broken_text_is_told_too(random: Random, parser: type[EventParser]) -> None:
    writer = Writer(random)
    lines = writer.manifest().splitlines()
    starts = items(lines)
    assume(len(starts) > 1)
    broken, planted = sorted(random.sample(starts, 2))
    lines[planted + 1 : planted + 1] = [" " * (lines[planted].index("-") + 2) + PLANTED]
    wrong = random.choice(("@x", '"x" y', "a: b", "'x", '"x', "[x", "*", "|x", '"\\q"'))
    lines[broken + 1 : broken + 1] = [f"{' ' * (lines[broken].index('-') + 2)}actAs: {wrong}"]
    text = "\n".join([*lines, ""])
    result = loaded(text, parser)
    assume(of_yaml(result))
    assert of_the_format(result) == [planted + 3], text


class CountedParser:
    """A parser that counts what it is given."""

    given = 0

    def __init__(self, data: bytes) -> None:
        type(self).given += len(data)
        self.get_event = FastestParser(data).get_event


MISTAKEN = [
    f"{HEAD}  messages:\n",
    *("---\n", "...\n", "spec:\n", "kind: Dialog\n", "  actAs: 1\n", "  messages:\n", "      text: a\n"),
    *(
        "    - id: a\n",
        "    - id: 'a\n",
        '    - id: "a\n',
        "    - id: [\n",
        "    - id: a: b\n",
        "    - id: @\n",
        "]\n",
    ),
    *(
        "      text: |\n",
        '      text: "\n',
        "   - id: a\n",
        "kind: '\n",
        "  read: [\n",
        "    - id: *a\n",
        "# '\n",
    ),
]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(MISTAKEN), max_size=60))
def test_however_many_mistakes_there_are_the_reading_ends(pieces: list[str]) -> None:
    text = "".join(pieces)
    CountedParser.given = 0
    result = load_with(text.encode(), "m.yaml", RULES, CountedParser)
    assert bool(result.problems) == bool(result.broken)
    assert CountedParser.given <= 21 * (len(text) + 30)


@pytest.mark.parametrize(
    "mistake", ["      text: a: b\n", "      text: '\n", '      text: "\n', "      text: [\n", "    x\n"]
)
def test_a_file_of_broken_documents_is_read_about_twice(mistake: str) -> None:
    message = f"    - id: 53aabe15e4b077ddd43e7fd3\n      read: [1]\n{mistake}"
    document = f"{HEAD}  messages:\n{message}{message.replace('7fd3', '7fd4')}---\n"
    for many in (100, 1000):
        CountedParser.given = 0
        result = load_with(document.encode() * many, "m.yaml", RULES, CountedParser)
        assert len(result.broken) == many
        assert CountedParser.given <= 2.5 * many * len(document)
