"""A ledger that is overwritten under a running daemon: nothing more is sent until it is put right."""

from tests.program.chat import manifest
from tests.program.live_sandbox import LiveSandbox
from tests.program.program import Program


def test_a_ledger_that_is_damaged_under_the_daemon_stops_the_sending_until_it_is_whole(
    program: Program, sandbox: LiveSandbox
) -> None:
    for number in range(12):
        program.declare(f"{number}.yaml", manifest(number, messages=dict.fromkeys(range(12), "text: first")))
    program.run("apply")
    whole = program.ledger.read_bytes()
    with program.daemon() as daemon:
        daemon.becomes_ready()
        with program.ledger.open("r+b") as file:
            file.seek(4096 * 4)
            file.write(b"\xff" * 4096 * 8)
        program.declare("0.yaml", manifest(0, messages={0: "text: second"}))
        daemon.becomes_unready("the ledger is damaged")
        assert "FAILED" in program.run("ledger", "check", exits=1).stdout
        assert "the ledger is damaged" in program.run("ledger", "backup", "backup.db", exits=1).stderr
        assert sandbox.arrived() == 144
        with program.ledger.open("r+b") as file:
            file.write(whole)
        sandbox.sees_text("second")
        daemon.becomes_ready()
        daemon.stop()
    assert sandbox.arrived() == 145
    program.run("ledger", "check")
