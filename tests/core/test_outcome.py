import pytest

from reconciler.core.outcome import (
    Answer,
    Answered,
    Applied,
    Cause,
    Deferred,
    Outcome,
    Rejected,
    Unanswered,
    judge,
)

OUTAGE = Deferred(Cause.OUTAGE)
CREDENTIAL = Deferred(Cause.CREDENTIAL)
THROTTLED = Deferred(Cause.THROTTLED)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((status, Applied()) for status in (200, 201, 202, 204, 299)),
        *((status, OUTAGE) for status in (300, 301, 302, 307, 308, 399)),
        *((status, Rejected()) for status in (400, 402, 403, 404, 405, 409, 410, 413, 422, 451, 499)),
        (401, CREDENTIAL),
        (408, OUTAGE),
        (429, THROTTLED),
        *((status, OUTAGE) for status in (500, 502, 503, 504, 520, 599)),
        *((status, OUTAGE) for status in (100, 199, 600, 999)),
    ],
)
def test_a_status_is_judged_by_the_table(status: int, outcome: Outcome) -> None:
    assert judge(Answered(status=status)) == outcome


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        pytest.param(Answered(status=200, page=True), OUTAGE, id="a gateway's page in the place of success"),
        pytest.param(Answered(status=502, page=True), OUTAGE, id="a gateway's page about an outage"),
        pytest.param(Answered(status=200, retry_after=9), Applied(), id="a wait after success means nothing"),
        pytest.param(
            Answered(status=404, retry_after=9), Rejected(), id="a wait after a refusal means nothing"
        ),
        pytest.param(Answered(status=401, retry_after=9), CREDENTIAL, id="a wait heals no credential"),
        pytest.param(
            Answered(status=429, retry_after=9), Deferred(Cause.THROTTLED, 9), id="too fast, with a wait"
        ),
        pytest.param(
            Answered(status=503, retry_after=9), Deferred(Cause.OUTAGE, 9), id="an outage, with a wait"
        ),
        pytest.param(Answered(status=200, words="errors"), Applied(), id="the words are for people"),
        pytest.param(Unanswered(words="refused", sent=False), OUTAGE, id="not sent"),
        pytest.param(Unanswered(words="reset", sent=True), OUTAGE, id="sent, and what it did is unknown"),
    ],
)
def test_an_answer_is_judged_by_the_table(answer: Answer, outcome: Outcome) -> None:
    assert judge(answer) == outcome
