import pytest

from reconciler.core.manifest import Manifest
from tests.core.builders import ALICE, BOB, M1, M2, manifest, message


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        pytest.param(manifest(), 0, id="nothing"),
        pytest.param(manifest(message(M1)), 0, id="a message of which nothing is declared"),
        pytest.param(manifest(message(M1, "Hi")), 1, id="a text"),
        pytest.param(manifest(message(M1, read=[ALICE, BOB], delivered=[ALICE])), 3, id="marks, one a user"),
        pytest.param(manifest(read=[ALICE, BOB], delivered=[BOB]), 3, id="marks of the dialog, one a user"),
        pytest.param(
            manifest(message(M1, "Hi", read=[ALICE]), message(M2, "Ho"), read=[BOB]), 4, id="all of it"
        ),
    ],
)
def test_what_is_declared_is_counted_one_a_text_and_one_a_mark_and_user(wanted: Manifest, count: int) -> None:
    assert wanted.declared() == count
