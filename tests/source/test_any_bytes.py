"""Whatever is in a file: `load` returns, is consistent, and shows no message text."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.core.acting import Acting
from reconciler.core.message import UserId
from reconciler.source.rules import Rules
from reconciler.source.syntax import PythonParser
from reconciler.source.yaml_file import Loaded, load
from reconciler.source.yaml_loading import load_with

RULES = Rules(acting=Acting(default=UserId(42)))
ROOT = Path(__file__).parents[2]
GOOD = [file.read_bytes() for file in sorted((ROOT / "manifests").rglob("*.yaml"))]
BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))

PIECES = [
    *(char.encode() for char in "-:[]{}&*!|>'\"%@`#~?,\\ \t\n\r"),
    *(
        b"- ",
        b": ",
        b" #",
        b"---\n",
        b"...\n",
        b"<<: ",
        b"\xef\xbb\xbf",
        b"\xff",
        b"\x00",
        b"\xe2\x80\xa8",
        b"\xc2\x85",
    ),
    *(
        b"text",
        b"read: true\n",
        b"id: ",
        b"53aabe15e4b077ddd43e7fd3",
        b"actAs: 7\n",
        b"&a ",
        b"*a",
        b"!!str ",
        b"\\ud800",
    ),
    *(b"%YAML 1.1\n", b"? ", b"|2-\n", b"null", "é😀".encode(), b"\n    ", b"[[[[", b"{{", b'"\\x00"'),
]


def check(data: bytes, result: Loaded) -> None:
    assert bool(result.problems) == bool(result.broken)
    assert list(result.problems) == sorted(result.problems)
    lines = data.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for problem in result.problems:
        assert problem.origin.path == "any.yaml"
        assert 1 <= problem.origin.line <= len(lines)
        assert problem.origin.column >= 1
        assert str(problem).isprintable()
        assert problem.what
        assert problem.todo
    for manifest in result.manifests:
        for message in manifest.messages:
            assert message.text or message.read or message.delivered


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join))
@example(b"---\n!!null\n")
@example(b"--- &a\n")
def test_any_bytes_load_to_something_consistent(data: bytes) -> None:
    check(data, load(data, "any.yaml", RULES))


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    data = draw(st.sampled_from(GOOD))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.sampled_from([start, start, start + 1, start + 7, start + 60, len(data)]))
        data = data[:start] + draw(st.sampled_from([b"", *PIECES])) + data[end:]
    return data


@settings(deadline=None, max_examples=300)
@given(spoiled())
def test_a_spoiled_manifest_loads_to_something_consistent(data: bytes) -> None:
    check(data, load(data, "any.yaml", RULES))


@settings(deadline=None, max_examples=60)
@given(spoiled())
def test_what_both_parsers_accept_means_the_same_to_both(data: bytes) -> None:
    fast, slow = load(data, "any.yaml", RULES), load_with(data, "any.yaml", RULES, PythonParser)
    check(data, slow)
    if not fast.problems and not slow.problems:  # the Python parser takes fewer tabs
        assert slow == fast


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_no_problem_shows_what_a_message_says(file: Path) -> None:
    for problem in load(file.read_bytes(), "any.yaml", RULES).problems:
        for word in ("Hello", "hel", "all work", "Order", "secret", "Opening", "amara is"):
            assert word not in str(problem).split()


SAID = "The code of the safe is 4711"
DEFECTS = [
    *("read: false", "read: [a]", "txt: 1", "id: 2", "text: again", "actAs: [x]"),
    *("- x", "x", '"', "[", "\t", "a: b: c", "!x"),
]
WRITTEN = [
    *("{0}", '"{0}"', "'{0}'", "|\n        {0}", ">-\n        {0}", "[{0}]", "{{x: {0}}}"),
    *('"{0}', "'{0}", "*{0}", "!{0}", "&{0}", "@{0}", '"\\q{0}"', "{0}: {0}", "{0} #{0}", "{0}\x07"),
]


@pytest.mark.parametrize("defect", DEFECTS)
@pytest.mark.parametrize("written", WRITTEN)
def test_a_text_is_not_shown_whatever_is_wrong_around_it(written: str, defect: str) -> None:
    said = written.format(SAID)
    text = f"""\
apiVersion: reconciler/v1
kind: Dialog
metadata: {{name: vip-lounge}}
spec:
  dialogId: 53a99a7be4b094c7c6d31b41
  messages:
    - id: 53aabe15e4b077ddd43e7fd3
      text: {said}
      {defect}
"""
    problems = load(text.encode(), "any.yaml", RULES).problems
    assert problems or written == '"{0}'  # which a quote closes
    assert not [str(problem) for problem in problems if "safe" in str(problem) or "The" in str(problem)]
