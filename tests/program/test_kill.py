"""The program is killed at random moments, again and again, and nothing is lost.

`RECONCILER_KILLS` says how often (`make kill`: a thousand times), `RECONCILER_KILL_SEED` replays the
moments that a failure prints. `--log-cli-level=info` shows what was measured.
"""

import itertools
import logging
import os
import random
import secrets
import shutil
import sqlite3
import statistics
import subprocess
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from operator import attrgetter
from pathlib import Path
from time import monotonic
from typing import Any, Final, NamedTuple

import pytest

from reconciler.sandbox.faults import Delay, FaultRule
from reconciler.sandbox.options import SandboxOptions
from reconciler.sandbox.request_log import LogEntry
from reconciler.sandbox.seed import Seed
from tests.program.chat import ANN, BEN, CY, KEY, chat, dialog_id, manifest, message_id
from tests.program.live_sandbox import LiveSandbox, live_sandbox
from tests.program.program import Program, Running
from tests.program.waiting import wait_for

KILLS: Final = int(os.environ.get("RECONCILER_KILLS", "100"))
SEED: Final = os.environ.get("RECONCILER_KILL_SEED")

CONCURRENCY: Final = 8
DIALOGS, MESSAGES, EDITED = 6, 32, 3
"""Of each round: new dialogs, messages of each, and texts of each dialog of the round before that change."""

LATENCY: Final = (
    FaultRule(fault=Delay(seconds=0.002, jitter=0.02)),
    FaultRule(fault=Delay(seconds=0.002, jitter=0.02), applied=True),
)
"""Before the service carries a call out, and after: a kill may hit either."""

_log: Final = logging.getLogger(__name__)


class Put(NamedTuple):
    """One call, as far as it matters what it is. `message` is None for the whole dialog."""

    dialog: str
    message: str | None
    user: int
    text: str | None
    marks: frozenset[str]


def declare_round(program: Program, sandbox: LiveSandbox, number: int) -> frozenset[Put]:
    """Declare a round's dialogs, which are new, and edit the round before; give the calls that it takes."""
    numbers = range(number * DIALOGS, (number + 1) * DIALOGS)
    everything = chat(dialogs=numbers.stop, messages=MESSAGES)
    new = {dialog_id(dialog) for dialog in numbers}
    seed = Seed(
        dialogs=everything.dialogs[numbers.start :],
        messages=tuple(message for message in everything.messages if message.dialog in new),
    )
    sandbox.look(lambda inside: inside.add(seed))
    before = range(max(0, numbers.start - DIALOGS), numbers.start)
    return frozenset(
        itertools.chain(
            *(declare_dialog(program, dialog, edited=0) for dialog in numbers),
            *(declare_dialog(program, dialog, edited=EDITED) for dialog in before),
        )
    )


def declare_dialog(program: Program, dialog: int, *, edited: int) -> Iterator[Put]:
    """Write a dialog's manifest; give the calls of a new dialog, or those of its `edited` first texts."""
    texts = [f"{dialog}.{m} {'edited' if m < edited else 'first'}" for m in range(MESSAGES)]
    fields = {
        m: f"text: {text}, delivered: true{', read: [222]' if m % 4 == 0 else ''}"
        for m, text in enumerate(texts)
    }
    program.declare(f"{dialog}.yaml", manifest(dialog, "read: [333]", messages=fields))
    put = partial(Put, dialog_id(dialog))
    if edited:
        return (put(message_id(dialog, m), ANN, texts[m], frozenset()) for m in range(edited))
    delivered, read = frozenset({"delivered"}), frozenset({"read"})
    return itertools.chain(
        (put(message_id(dialog, m), ANN, text, delivered) for m, text in enumerate(texts)),
        (put(message_id(dialog, m), BEN, None, read) for m in range(0, MESSAGES, 4)),
        (put(None, CY, None, read),),
    )


def made(entries: Iterable[LogEntry]) -> Iterator[Put]:
    """Give what calls the service saw."""
    for entry in entries:
        form = entry.path.removeprefix("/chat/Message").removesuffix(".json")
        text = entry.fields.get("message")
        marks = frozenset(entry.fields) - {"chat_dialog_id", "message"}
        assert all(entry.fields[mark] == 1 for mark in marks)
        assert entry.user is not None
        yield Put(
            str(entry.fields["chat_dialog_id"]),
            form.removeprefix("/") or None,
            entry.user,
            None if text is None else str(text),
            marks,
        )


def recorded(row: Mapping[str, Any]) -> Put:
    """Give what call a line of history is about."""
    marks = frozenset(row["fields"]) - {"text"}
    return Put(row["dialogId"], row["message"], row["actAs"], row.get("new"), marks)


class Moment(Enum):
    """When a kill comes."""

    START = auto()
    SENDING = auto()
    END = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """A kill: between which monotonic times it came, and how many calls this process had made."""

    moment: Moment
    began: float
    over: float
    calls: int


class Killer:
    """Starts the program and kills it."""

    def __init__(self, program: Program, sandbox: LiveSandbox, seed: int) -> None:
        self._program = program
        self._sandbox = sandbox
        self._random = random.Random(seed)  # noqa: S311  # moments that can be replayed, not a secret
        self._starts = [0.4]
        self.kills: list[Kill] = []

    def kill_once(self, missing: int) -> None:
        """Start the program, which has at least `missing` calls to make, and kill it at some moment."""
        command = self._random.choice((("apply",), ("run", "--listen", "127.0.0.1:0")))
        moment = self._random.choices(list(Moment), weights=[25, 65, 10])[0]
        before = self._sandbox.arrived()
        started = monotonic()
        with self._program.start(*command, "--concurrency", str(CONCURRENCY)) as running:
            match moment:
                case Moment.START:
                    later = self._random.uniform(0, statistics.median(self._starts))
                case Moment.SENDING:
                    self._sees(before + 1, running)
                    self._starts.append(monotonic() - started)
                    self._sees(before + self._random.randint(1, min(50, missing)), running)
                    later = self._random.uniform(0, 0.03)
                case Moment.END:
                    self._sees(before + missing, running)
                    later = self._random.uniform(0, 0.08)
            with suppress(subprocess.TimeoutExpired):
                assert running.process.wait(later) == 0, running.stderr
                return  # it came to its end before
            began = monotonic()
            running.kill()
            over = monotonic()
        calls = self._sandbox.arrived() - before
        self.kills.append(Kill(moment=moment, began=began, over=over, calls=calls))

    def _sees(self, calls: int, running: Running) -> None:
        """Wait until the service saw so many calls."""

        def look() -> bool:
            ended = running.process.poll() is not None
            seen = self._sandbox.arrived() >= calls
            assert seen or not ended, f"it ended with {running.process.returncode}:\n{running.stderr}"
            return seen

        wait_for(look, f"the service sees {calls} calls")


def doubts_of_a_whole(ledger: Path, copies: Path) -> int:
    """Check a copy of the files that a killed process left, for the next one opens them as they are.

    Give how many calls are in doubt by it.
    """
    shutil.rmtree(copies, ignore_errors=True)
    copies.mkdir()
    for file in (ledger, ledger.with_name(f"{ledger.name}-wal")):
        if file.exists():
            shutil.copy(file, copies)
    if not (copies / ledger.name).exists():
        return 0
    with closing(sqlite3.connect(copies / ledger.name)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        counted = connection.execute("SELECT count(*) FROM history WHERE result = 'in doubt'")
        doubts: int = counted.fetchone()[0]
        return doubts


def assert_as_declared(sandbox: LiveSandbox, rounds: int) -> None:
    """Compare the whole chat with what the rounds declared; what nobody declared must be untouched."""
    last_edited = (rounds - 1) * DIALOGS
    seen = sandbox.look(
        lambda inside: {
            message.id: (message.text, set(message.read_ids), set(message.delivered_ids))
            for message in inside.chat.messages.values()
        }
    )
    declared = {
        message_id(dialog, m): (
            f"{dialog}.{m} {'edited' if m < EDITED and dialog < last_edited else 'first'}",
            {ANN, CY} | ({BEN} if m % 4 == 0 else set()),
            {ANN},
        )
        for dialog in range(rounds * DIALOGS)
        for m in range(MESSAGES)
    }
    assert seen == declared


def assert_ledger_tells_the_truth(
    puts: Sequence[LogEntry], history: Iterable[Mapping[str, Any]], kills: Sequence[Kill]
) -> int:
    """Compare the record of calls with what the service saw; give how many are in doubt."""
    by_id = {entry.request_id: (entry.status, put) for entry, put in zip(puts, made(puts), strict=True)}
    intents: Counter[Put] = Counter()
    doubted: Counter[Put] = Counter()
    for row in history:
        put = recorded(row)
        intents[put] += 1
        if row["result"] == "in doubt":
            doubted[put] += 1
        else:
            assert row["result"] == "applied"
            assert by_id[row["requestId"]] == (200, put), "the ledger claims only what was answered"
    assert Counter(put for _, put in by_id.values()) <= intents, "no call left before its intent was durable"
    unanswered = [
        entry
        for entry in puts
        for kill in kills[bisect(kills, entry.monotonic, key=attrgetter("began")) :][:1]
        if kill.over < entry.monotonic + entry.duration
    ]
    assert Counter(made(unanswered)) <= doubted, "what was under way at a kill is in doubt"
    return doubted.total()


def new_seed() -> int:
    """Give a seed, and say which; pytest shows that with a failure."""
    seed = int(SEED) if SEED else secrets.randbits(32)
    print(f"RECONCILER_KILL_SEED={seed} replays these moments")  # noqa: T201  # see above
    return seed


def kill_again_and_again(killer: Killer, program: Program, sandbox: LiveSandbox) -> tuple[int, Counter[Put]]:
    """Declare rounds and kill while they are applied; give how many rounds, and the calls that they take."""
    rounds, doubts = 0, 0
    declared: Counter[Put] = Counter()
    missing: set[Put] = set()
    while len(killer.kills) < KILLS:
        missing -= set(made(sandbox.puts()))
        if not missing:
            new = declare_round(program, sandbox, rounds)
            declared.update(new)
            missing |= new
            rounds += 1
        killer.kill_once(len(missing))
        before, doubts = doubts, doubts_of_a_whole(program.ledger, program.directory.with_name("copies"))
        assert doubts - before <= CONCURRENCY, "a kill leaves in doubt what was under way, and no more"
    return rounds, declared


@pytest.mark.slow
def test_killed_at_random_moments_nothing_is_lost_and_only_calls_in_flight_are_repeated(
    tmp_path: Path,
) -> None:
    seed = new_seed()
    begin = monotonic()
    with live_sandbox(SandboxOptions(seed=chat(dialogs=0), faults=LATENCY)) as sandbox:
        directory = tmp_path / "program"
        directory.mkdir()
        settings = {"RECONCILER_API_URL": sandbox.url, "RECONCILER_API_KEY": KEY, "RECONCILER_RATE": "10000"}
        program = Program(directory, **settings)
        killer = Killer(program, sandbox, seed)
        rounds, declared = kill_again_and_again(killer, program, sandbox)
        program.run("apply")
        sandbox.sees(lambda log: log.in_flight == 0, "the end of all calls")
        assert_as_declared(sandbox, rounds)
        puts = sandbox.puts()
        assert "Sent nothing." in program.run("apply").stdout
        assert sandbox.arrived() == len(puts)
    assert set(made(puts)) == set(declared), "every declared call was made, and no other"
    history = program.history("--show-text", "--limit", "1000000")
    doubts = assert_ledger_tells_the_truth(puts, history, killer.kills)
    repeats = len(puts) - declared.total()
    sending = sum(kill.calls > 0 for kill in killer.kills)
    took = monotonic() - begin
    _log.info(
        "%d kills, %d of them while sending, in %.0f s: %d calls, 0 lost, %d in doubt, %d repeated; seed %d",
        *(len(killer.kills), sending, took, len(puts), doubts, repeats, seed),
    )
    assert repeats <= doubts
    assert sending >= len(killer.kills) / 2, "the kills hit what they were meant for"
    assert program.status()["calls"]["inDoubt"] == 0, "each is resolved by its repeat"


@pytest.mark.slow
def test_texts_that_go_back_and_forth_between_kills_end_as_they_were_declared_last(
    program: Program, sandbox: LiveSandbox
) -> None:
    seed = new_seed()
    dice = random.Random(seed)  # noqa: S311  # moments that can be replayed, not a secret
    sandbox.let_fail(*LATENCY)
    settings = ("--guard-rewrites", "1", "--concurrency", str(CONCURRENCY))
    declared: dict[str, str] = {}
    for _ in range(max(1, KILLS // 5)):
        for dialog in range(12):
            texts = {m: dice.choice(("to", "fro")) for m in range(2)}
            declared |= {message_id(dialog, m): text for m, text in texts.items()}
            fields = {m: f"text: {text}" for m, text in texts.items()}
            program.declare(f"{dialog}.yaml", manifest(dialog, messages=fields))
        before = sandbox.arrived()
        with program.start("apply", *settings) as running:
            wait_for(
                lambda: sandbox.arrived() > before or running.process.poll() is not None,  # noqa: B023  # waited for at once
                "a call, or the end",
            )
            with suppress(subprocess.TimeoutExpired):
                assert running.process.wait(dice.uniform(0, 0.08)) == 0, running.stderr
            running.kill()
    program.run("apply", *settings)
    sandbox.sees(lambda log: log.in_flight == 0, "the end of all calls")
    texts_now = sandbox.look(lambda inside: {each: inside.chat.messages[each].text for each in declared})
    assert texts_now == declared
    assert program.status()["calls"]["inDoubt"] == 0
