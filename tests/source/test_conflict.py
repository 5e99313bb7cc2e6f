"""Two manifests for one dialog, or of one name, are both refused, each citing the other."""

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.message import DialogId
from reconciler.core.problem import Origin
from reconciler.source.conflict import Declaration, conflicts

ONE, TWO = DialogId("53a99a7be4b094c7c6d31b41"), DialogId("53a99a7be4b094c7c6d31b42")
TODO = "keep one manifest for each name and each dialog"


def declared(path: str, name: str | None, dialog: DialogId | None, line: int = 1) -> Declaration:
    return Declaration(name=name, dialog=dialog, origin=Origin(path, line, 1))


def found(*declarations: Declaration) -> list[str]:
    return [str(problem) for problem in conflicts(declarations)]


def test_different_names_and_dialogs_are_fine() -> None:
    assert found(declared("a.yaml", "a", ONE), declared("b.yaml", "b", TWO)) == []


def test_one_dialog_in_two_files_is_a_problem_of_both() -> None:
    assert found(declared("b.yaml", "b", ONE), declared("a.yaml", "a", ONE)) == [
        f"a.yaml:1:1: dialog {ONE} is also declared at b.yaml:1:1; {TODO}",
        f"b.yaml:1:1: dialog {ONE} is also declared at a.yaml:1:1; {TODO}",
    ]


def test_one_name_twice_in_a_file_is_a_problem_of_both_documents() -> None:
    assert found(declared("a.yaml", "a", ONE), declared("a.yaml", "a", TWO, line=9)) == [
        f'a.yaml:1:1: the name "a" is also declared at a.yaml:9:1; {TODO}',
        f'a.yaml:9:1: the name "a" is also declared at a.yaml:1:1; {TODO}',
    ]


def test_a_copied_manifest_is_one_problem_with_both_reasons() -> None:
    assert found(declared("a.yaml", "a", ONE), declared("b.yaml", "a", ONE)) == [
        f'{here}.yaml:1:1: the name "a" is also declared at {there}.yaml:1:1 '
        f"and dialog {ONE} is also declared at {there}.yaml:1:1; {TODO}"
        for here, there in ("ab", "ba")
    ]


def test_a_broken_manifest_conflicts_by_what_could_be_read_of_it() -> None:
    broken = declared("b.yaml", None, ONE)
    nameless = declared("c.yaml", None, None), declared("d.yaml", None, None)
    assert len(found(declared("a.yaml", "a", ONE), broken, *nameless)) == 2


def test_many_places_are_counted_not_listed() -> None:
    copies = [declared(f"{letter}.yaml", letter, ONE) for letter in "abcdef"]
    assert found(*copies)[5] == (
        f"f.yaml:1:1: dialog {ONE} is also declared at a.yaml:1:1, b.yaml:1:1, c.yaml:1:1 and 2 more; {TODO}"
    )
    assert found(*copies)[0] == (
        f"a.yaml:1:1: dialog {ONE} is also declared at b.yaml:1:1, c.yaml:1:1, d.yaml:1:1 and 2 more; {TODO}"
    )


def test_what_is_told_twice_is_one_declaration() -> None:
    assert found(declared("a.yaml", "a", ONE), declared("a.yaml", "a", ONE)) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c", None]), st.sampled_from([ONE, TWO, None]), st.integers(1, 6)
        ),
        unique_by=lambda declaration: declaration[2],
    ).flatmap(lambda all_: st.tuples(st.just(all_), st.permutations(all_)))
)
def test_the_order_is_irrelevant_and_exactly_the_shared_are_found(
    orders: tuple[
        list[tuple[str | None, DialogId | None, int]], list[tuple[str | None, DialogId | None, int]]
    ],
) -> None:
    one, other = (
        [declared("m.yaml", name, dialog, line) for name, dialog, line in order] for order in orders
    )
    assert conflicts(one) == conflicts(other)
    shared = {
        a.origin
        for a in one
        for b in one
        if a.origin != b.origin
        and ((a.name is not None and a.name == b.name) or (a.dialog is not None and a.dialog == b.dialog))
    }
    assert {problem.origin for problem in conflicts(one)} == shared
