"""`reconciler health`: ask a running daemon whether it is alive."""

import http.client

import click

from reconciler.cli.address import parse_address
from reconciler.cli.exit_code import ExitCode
from reconciler.cli.options import settings
from reconciler.cli.output import commentary, document
from reconciler.settings import Settings

_SECONDS = 3.0


@click.command("health")
@settings("listen")
@click.option("--ready", is_flag=True, help="Ask whether it is ready: first pass done, nothing in the way.")
def command(settings: Settings, *, ready: bool) -> ExitCode:
    """Ask the daemon that listens on this machine whether it is alive; exit with 1 where it is not."""
    host, port = parse_address(settings.listen)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # asks, never binds
    connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    try:
        connection.request("GET", "/readyz" if ready else "/healthz")
        answer = connection.getresponse()
        words = answer.read(1000).decode(errors="replace").strip()
    except OSError as error:
        commentary().print(f"no daemon answers on {settings.listen}: {error.strerror or error}", style="bad")
        return ExitCode.ERROR
    except http.client.HTTPException:
        commentary().print(f"what answers on {settings.listen} is no daemon: it speaks no HTTP", style="bad")
        return ExitCode.ERROR
    finally:
        connection.close()
    document().print(words)
    return ExitCode.DONE if answer.status == http.HTTPStatus.OK else ExitCode.ERROR
