from reconciler.core.failure import Failure


def test_a_failure_says_what_it_was_given() -> None:
    assert (
        str(Failure("the ledger is in use; stop the other daemon"))
        == "the ledger is in use; stop the other daemon"
    )
