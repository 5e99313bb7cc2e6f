"""No object of ours shows a secret or a text when it is printed, whatever it holds."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.cli.serving import daemon as put_together
from reconciler.core.call import Call
from reconciler.core.refusal import Guards
from reconciler.core.report import Report
from reconciler.log_lines.observer import LogLines
from reconciler.reconcile.planning import PassPlan
from reconciler.sandbox.faults import FaultRule, Status, When
from reconciler.sandbox.options import SandboxOptions
from reconciler.settings import Settings
from tests.program.canary import CREDENTIALS, KINDS, SESSION, TEXT, Kind, Stage, pieces
from tests.program.chat import ANN, chat, manifest, message_id
from tests.program.live_sandbox import live_sandbox
from tests.program.program import Program
from tests.reconcile.parts import until


class Everything(LogLines):
    """An observer that looks at every object of ours that is alive while something happens."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.types: set[str] = set()
        self.found: dict[str, set[str]] = {}
        self._stage = stage

    def planned(self, plan: PassPlan) -> None:
        super().planned(plan)
        self.look()

    def called(self, call: Call) -> None:
        super().called(call)
        self.look()

    def reported(self, report: Report) -> None:
        super().reported(report)
        self.look()

    def look(self) -> None:
        """Show each object in each way in which objects are shown by accident."""
        hidden = pieces((TEXT, *self._stage.secrets()))
        loop = asyncio.get_running_loop()
        for each in gc.get_objects():
            kind = type(each)
            module = str(kind.__module__)
            ours = module.startswith("reconciler.") and not module.startswith("reconciler.sandbox")
            if not (ours or (isinstance(each, asyncio.Future) and each.get_loop() is loop)):
                continue
            self.types.add(kind.__name__)
            said = "\n".join(shown(each))
            if found := {piece for piece in hidden if piece in said}:
                self.found.setdefault(f"{kind.__module__}.{kind.__name__}", set()).update(found)


def shown(each: object) -> Iterator[str]:
    ways: tuple[Callable[[object], str], ...] = (repr, str, ascii, "{}".format, "{!r}".format)
    for way in ways:
        yield way(each)
    yield f"{[each]} {(each,)} {{0: {each!r}}}"


@pytest.fixture
def only_what_is_new() -> Iterator[None]:
    """Keep what other tests left out of sight: there can be millions of objects."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("only_what_is_new")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_no_object_shows_a_secret_or_a_text_while_it_is_alive(tmp_path: Path, kind: Kind) -> None:
    program = Program(tmp_path)
    with live_sandbox(SandboxOptions(seed=replace(chat(), credentials=CREDENTIALS))) as sandbox:
        stage = Stage(kind=kind, from_files=False, program=program, sandbox=sandbox)
        messages = {m: f'text: "{TEXT} {m}", read: true' for m in range(4)}
        program.declare("one.yaml", manifest(1, "delivered: true", messages=messages))
        program.declare("bad.yaml", manifest(2, messages={0: f'text: "{TEXT}", read: "{TEXT}"'}))
        sandbox.let_fail(FaultRule(fault=Status(status=422), when=When(message=message_id(1, 1))))
        everything = Everything(stage)
        stop = asyncio.Event()
        opened = put_together(settings(stage), kind.environ(None), [everything], guards=Guards())
        async with opened as (made, _):
            running = asyncio.create_task(made.run(stop))
            await until(lambda: made.health.first_pass_done, "the first pass")
            everything.look()
            stop.set()
            await running
            everything.look()
        assert len(sandbox.puts()) == 5
    assert sorted(everything.found) == []
    held = {"MessageText", "TextChange", "UpdateMessage", "Intent", "Call", "Manifest", "Secret"}
    assert held <= everything.types, "they were looked at"


def settings(stage: Stage) -> Settings:
    made = Settings(
        manifests=(stage.program.manifests,),
        ledger=stage.program.ledger,
        api_url=stage.sandbox.url,
        act_as=ANN,
        listen="127.0.0.1:0",
        rate=1000,
    )
    if stage.kind is not SESSION:
        return made
    plain = stage.kind.environ(None)
    return replace(
        made,
        application_id=int(plain["RECONCILER_APPLICATION_ID"]),
        auth_key=plain["RECONCILER_AUTH_KEY"],
        login=plain["RECONCILER_LOGIN"],
    )
