"""What manifests claim is found without reading their messages, and is what reading all of them finds."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.acting import Acting
from reconciler.source.conflict import Declaration, declarations
from reconciler.source.rules import Rules
from reconciler.source.stretches import stretches
from reconciler.source.yaml_claims import claims
from reconciler.source.yaml_file import load
from tests.source.valid_manifests import Writer

RULES = Rules(acting=Acting())
HERE = Path(__file__).parent
FILES = sorted([*(HERE / "bad").glob("*.yaml"), *(HERE.parents[1] / "manifests").rglob("*.yaml")])
RANDOM = st.integers(0, 2**32 - 1).map(Random)


def in_order(found: tuple[Declaration, ...]) -> list[str]:
    return sorted(map(str, found))


def read_whole(data: bytes) -> list[str]:
    return in_order(tuple(declarations(load(data, "m.yaml", RULES))))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_a_file_claims_is_what_reading_all_of_it_finds(file: Path) -> None:
    data = file.read_bytes()
    assert in_order(claims(data, "m.yaml", RULES)) == read_whole(data)


@settings(max_examples=150)
@given(random=RANDOM, breaks=st.integers(0, 2))
def test_that_holds_for_every_style_and_for_lines_that_are_broken(random: Random, breaks: int) -> None:
    writer = Writer(random)
    text = "---\n".join(writer.manifest(name) for name in ("one", "two"))
    lines = text.splitlines(keepends=True)
    for _ in range(breaks):
        at = random.randrange(len(lines))
        lines[at] = writer.break_line(lines[at].removesuffix("\n")) + "\n"
    data = "".join(lines).encode()
    assert in_order(claims(data, "m.yaml", RULES)) == read_whole(data)


def test_messages_are_not_read_where_name_and_dialog_stand_before_them() -> None:
    head = "metadata:\n  name: one\nspec:\n  dialogId: 53a99a7be4b094c7c6d31b41\n  messages:\n"
    data = (
        f"{head}  - id: 53aabe15e4b077ddd43e7fd3\n    text: @\n".encode()
    )  # no YAML, which nobody got to see
    assert len(load(data, "m.yaml", RULES).problems) > 0
    assert [claim.name for claim in claims(data, "m.yaml", RULES)] == ["one"]


@given(st.text(st.sampled_from("-.%\ufeff#aYAML \r\n"), max_size=40))
def test_a_text_is_cut_alike_whatever_its_line_breaks_are(text: str) -> None:
    """A carriage return anywhere leads through the search that looks at each character."""
    unix = text.replace("\r", "")
    cut = [stretch.text.rstrip("\r") for stretch in stretches(f"{unix}\n#\r")]
    assert [stretch.text for stretch in stretches(f"{unix}\n#")] == cut
