"""The settings as command-line options: one definition each, shared by the commands that need it."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from reconciler.cli.typed import ApplicationId, ManifestPath, Number
from reconciler.settings import DEFAULTS, NAMES, Settings

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _option(name: str, kind: click.ParamType[Any] | None, text: str, metavar: str | None = None) -> Decorator:
    flag = f"--{name.replace('_', '-')}"
    default = getattr(DEFAULTS, name)
    return click.option(
        f"{flag}/--no-{flag[2:]}" if isinstance(default, bool) else flag,
        name,
        type=kind,
        default=default,
        envvar=f"RECONCILER_{name.upper()}",
        show_envvar=True,
        show_default=default is not None,
        metavar=metavar,
        help=text,
    )


_LARGEST_USER: Final = 2**63 - 1

_FILE: Final = click.Path(path_type=Path, dir_okay=False)

OPTIONS: Final = {
    "ledger": _option("ledger", _FILE, "The ledger's file (SQLite)."),
    "keep_text": _option("keep_text", None, "Keep texts in the ledger, or only their digests."),
    "api_url": _option("api_url", None, "The chat service, for instance https://api.example.com.", "URL"),
    "api_key_file": _option("api_key_file", _FILE, "File that holds the API key."),
    "token_file": _option("token_file", _FILE, "File that holds a user session token."),
    "application_id": _option(
        "application_id", ApplicationId(), "The application that a session of our own is made for.", "ID"
    ),
    "auth_key": _option("auth_key", None, "That application's authorization key.", "KEY"),
    "auth_secret_file": _option("auth_secret_file", _FILE, "File that holds its authorization secret."),
    "login": _option("login", None, "Login or email of the user whose session it is.", "NAME"),
    "password_file": _option("password_file", _FILE, "File that holds that user's password."),
    "signature_hash": _option(
        "signature_hash", click.Choice(["sha1", "sha256"]), "What logins are signed with."
    ),
    "ca_file": _option("ca_file", _FILE, "Certificates to trust instead of the usual ones (PEM)."),
    "proxy": _option("proxy", None, "HTTP proxy that leads to the chat service.", "URL"),
    "proxy_auth_file": _option("proxy_auth_file", _FILE, "File that holds the proxy's USER:PASSWORD."),
    "act_as": _option(
        "act_as",
        click.IntRange(1, _LARGEST_USER),
        "Who acts where a manifest doesn't say; a token's user.",
    ),
    "rate": _option("rate", Number(0.1, 10_000), "Calls a second, at most."),
    "concurrency": _option("concurrency", click.IntRange(1, 64), "Calls under way at once, at most."),
    "timeout": _option("timeout", Number(1, 300), "Seconds that one call may take in all."),
    "max_text": _option("max_text", click.IntRange(1), "Characters that a text may have."),
    "guard_rewrites": _option(
        "guard_rewrites", Number(0, 1), "Share of the known texts that one plan may rewrite; 1: any."
    ),
    "guard_dialog_marks": _option(
        "guard_dialog_marks", click.IntRange(0), "Whole dialogs that one plan may mark."
    ),
    "watch": _option("watch", click.Choice(["auto", "inotify", "poll"]), "How changes on disk are seen."),
    "rescan": _option("rescan", Number(1, 3600), "Seconds between looks at all files."),
    "grace": _option("grace", Number(1, 600), "Seconds for calls under way after SIGTERM."),
    "listen": _option("listen", None, "Where pages, API, metrics and health are served.", "HOST:PORT"),
    "listen_token_file": _option("listen_token_file", _FILE, "File that holds the token for pages and API."),
    "behind_proxy": _option(
        "behind_proxy", None, "A proxy in front decides who may see pages and API, or nobody does."
    ),
    "log_level": _option(
        "log_level", click.Choice(["debug", "info", "warning", "error"]), "What is worth a log line."
    ),
    "log_format": _option(
        "log_format", click.Choice(["auto", "text", "json"]), "Lines for people, or JSON for programs."
    ),
}

GUARDING: Final = ("guard_rewrites", "guard_dialog_marks")
CREDENTIAL: Final = (
    "api_key_file",
    "token_file",
    "application_id",
    "auth_key",
    "auth_secret_file",
    "login",
    "password_file",
    "signature_hash",
)
SERVICE: Final = ("api_url", "ca_file", "proxy", "proxy_auth_file", "timeout")
READING: Final = ("act_as", "max_text", *CREDENTIAL)
SERVING: Final = ("watch", "listen", "listen_token_file", "behind_proxy")
SENDING: Final = (*SERVICE, "rate", "concurrency", "ledger", "keep_text")
APPROVING: Final = (*READING, *SERVICE, "ledger", *GUARDING)
"""Settings on which it depends what is planned. Given as flags, they have to be given again.

The ledger is named wherever it comes from: the person who approves has another environment than a daemon.
"""


def settings(*names: str) -> Decorator:
    """Give a command the options `names` and PATH..., as one `settings` argument."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def with_settings(**values: Any) -> Any:
            given = {name: values.pop(name) for name in list(values) if name in NAMES}
            if "manifests" in given:
                given["manifests"] = given["manifests"] or DEFAULTS.manifests
            return function(settings=Settings(**given), **values)

        decorated: Callable[..., Any] = with_settings
        for name in reversed(names):
            decorated = OPTIONS[name](decorated)
        return decorated

    return decorate


def paths() -> Decorator:
    """Give a command the argument PATH...: manifest files and folders."""
    return click.argument(
        "manifests",
        nargs=-1,
        metavar="[PATH]...",
        envvar="RECONCILER_MANIFESTS",
        type=ManifestPath(path_type=Path),
    )


def retry_rejected() -> Decorator:
    """Give a command the flag that frees what the service rejected."""
    return click.option(
        "--retry-rejected",
        is_flag=True,
        help="Also send what the service rejected before; without it, such a change waits until its "
        "manifest changes.",
    )


def output(*formats: str) -> Decorator:
    """Give a command the option `-o`, of which the first format is the default."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="The format of the one document on stdout.",
    )
