"""Every file in `bad/` is refused for the reason in its first lines.

To add one: write the manifest, run this test, read what it says, put that into the first lines
behind `# `, and read it again: is it where, what, and what to do?
"""

import re
from pathlib import Path

import pytest

from reconciler.core.acting import Acting
from reconciler.source.rules import Rules
from reconciler.source.syntax import EventParser, FastestParser, PythonParser
from reconciler.source.yaml_file import Loaded, load
from reconciler.source.yaml_loading import load_with

RULES = Rules(acting=Acting())
BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))
_EXPECTED = re.compile(r"# (\d+:\d+: .*)")


READ_OTHERWISE = ("yaml-half-a-character", "yaml-tab-indents")
"""What the Python parser takes for a character, and the C library for more of the line before."""


def expected(file: Path) -> list[str]:
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    reasons: list[str] = []
    for line in lines:
        match = _EXPECTED.fullmatch(line)
        if match is None:
            break
        reasons.append(match[1])
    return reasons


def shown(loaded: Loaded) -> list[str]:
    return [str(problem).removeprefix("bad.yaml:") for problem in loaded.problems]


def test_the_corpus_is_there() -> None:
    assert len(BAD) > 200


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_bad_manifest_is_refused_and_told_why(file: Path) -> None:
    loaded = load(file.read_bytes(), "bad.yaml", RULES)
    assert shown(loaded) == expected(file)
    assert loaded.broken


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_bad_manifest_is_refused_without_the_c_library_too(file: Path) -> None:
    fast, slow = (
        load_with(file.read_bytes(), "bad.yaml", RULES, parser) for parser in (FastestParser, PythonParser)
    )
    assert slow.manifests == fast.manifests
    assert [broken.name for broken in slow.broken] == [broken.name for broken in fast.broken]
    if file.stem not in READ_OTHERWISE:
        assert slow.broken == fast.broken
        assert [problem.origin.line for problem in slow.problems] == [p.origin.line for p in fast.problems]
        assert of_the_format(slow) == of_the_format(fast)


def of_the_format(loaded: Loaded) -> list[str]:
    """Give all that is not about YAML itself: there the parsers have words of their own."""
    return [problem.what for problem in loaded.problems if "could be read)" not in problem.todo]


HEAD = b"""\
apiVersion: reconciler/v1
kind: Dialog
metadata: {name: a}
spec: {dialogId: 53a99a7be4b094c7c6d31b41}
"""


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "1:1: the file is empty; a half-written save? write a manifest, or remove the file"),
        (b" \n\t\n", "1:1: the file is empty; a half-written save? write a manifest, or remove the file"),
        (
            b"\xef\xbb\xbf",
            "1:1: the file is empty; a half-written save? write a manifest, or remove the file",
        ),
        (HEAD.decode().encode("utf-16"), "1:1: the file is UTF-16; save it as UTF-8"),
        (HEAD.decode().encode("utf-32"), "1:1: the file is UTF-32; save it as UTF-8"),
        (HEAD + b"#" * 2**24, "1:1: the file is larger than 16 MiB; split it"),
        (HEAD + b"# caf\xe9\n", "5:6: the byte 0xe9 is not UTF-8; save the file as UTF-8"),
        (HEAD + b"# \xed\xa0\x80\n", "5:3: the byte 0xed is not UTF-8; save the file as UTF-8"),
        (HEAD + b"\r\n\r# \x00\n", "7:3: the invisible character U+0000; remove it"),
        (HEAD + "# é\x85\n".encode(), "5:4: the invisible character U+0085; remove it"),
        (
            HEAD + b"# cut off",
            "5:10: the last line has no line break; a half-written save? end the line with one",
        ),
    ],
)
def test_a_file_that_is_not_clean_text_is_refused(data: bytes, problem: str) -> None:
    loaded = load(data, "bad.yaml", RULES)
    assert shown(loaded) == [problem]
    assert len(loaded.broken) == 1
    assert loaded.manifests == ()


@pytest.mark.parametrize("parser", [FastestParser, PythonParser])
@pytest.mark.parametrize(
    "problem",
    [
        pytest.param(b"[" * 200_000 + b"\n", id="brackets"),
        pytest.param(b"- " * 200_000 + b"\n", id="dashes"),
        pytest.param(b"{a: " * 200_000 + b"\n", id="braces"),
    ],
)
def test_absurd_nesting_is_refused_at_once(problem: bytes, parser: type[EventParser]) -> None:
    loaded = load_with(HEAD + b"---\n" + problem, "bad.yaml", RULES, parser)
    assert ["nested deeper than 32 levels" in line for line in shown(loaded)] == [True]
    assert [manifest.name for manifest in loaded.manifests] == ["a"]
    assert [broken.name for broken in loaded.broken] == [None]


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    [
        b"- a\n",
        b"--- a\n",
        b"---\n",
        b"---\na: b\n",
        b"a: b\n",
        b"? ",
        b"[a,",
        b"[{",
        b"&a ",
        b"\x00",
        b"\xff",
        b"\r",
        b'--- "\n',
        b"--- [\n---\n",
        b"a: 'b\n",
        b"    - id: [\n",
        b"spec:\n  messages:\n    - id: 'a\n",
        b"%YAML 3.0\n---\n",
        b"%YAML 1.1\n#\n",
        b"... a\n",
        b"\xef\xbb\xbf---\n",
    ],
)
def test_16_mib_of_anything_is_refused_in_bounded_time(piece: bytes) -> None:
    loaded = load(piece * (2**24 // len(piece)), "bad.yaml", RULES)
    assert loaded.problems
    assert len(loaded.problems) <= 1001
    assert loaded.manifests == ()


def test_more_problems_than_anybody_reads_are_counted_not_kept() -> None:
    unknown = b"".join(b"key%d: 1\n" % number for number in range(3000))
    loaded = load(HEAD + unknown, "bad.yaml", RULES)
    assert len(loaded.problems) == 1001
    assert (
        shown(loaded)[-1] == "1005:1: more than 1,000 problems, of which these are the first; mend them first"
    )
