"""Who may see pages and API, and what browsers may do with what they get.

| listening on | a token is set | behind a proxy | pages and API |
|---|---|---|---|
| loopback | no | either | to whoever asks for loopback by its name |
| loopback | yes | either | the same, with the token |
| another address | yes | either | with the token |
| another address | no | yes | to whomever the proxy lets through |
| another address | no | no | to nobody; the answer says which settings open them |

Metrics and probes are served aside from all this, and what pages load: they say nothing that the token
is for, and a page that refuses is to look like the others. Whoever asks
for loopback by another name is a web page that had its own name point there (DNS rebinding).
"""

import base64
import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import web

from reconciler.web.trouble import Trouble

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")

_PORT: Final = re.compile(r":[0-9]{1,5}\Z")

_CHALLENGE: Final = 'Basic realm="reconciler", charset="UTF-8"'

_OPENED_BY: Final = (
    "set RECONCILER_LISTEN_TOKEN_FILE or RECONCILER_LISTEN_TOKEN; or RECONCILER_BEHIND_PROXY=true where a "
    "proxy in front decides who may see this; or listen on loopback"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may see pages and API. `opens` tells whether a token is the right one; None: there is none."""

    opens: Callable[[str], bool] | None = None
    behind_proxy: bool = False


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Add the headers that every answer has; what a handler set itself stays."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "reconciler"


def check_access(request: web.Request, access: Access, bound: Sequence[tuple[str, int]]) -> None:
    """Raise Trouble unless the client may see this; `bound` are the addresses listened on."""
    local = all(ipaddress.ip_address(host.partition("%")[0]).is_loopback for host, _ in bound)
    if local:
        _check_host(request, bound)
    if access.opens is not None:
        _check_token(request, access.opens)
    elif not (local or access.behind_proxy):
        raise Trouble(
            HTTPStatus.FORBIDDEN,
            "this daemon listens on more than loopback and has no token, so it shows metrics and probes only",
            _OPENED_BY,
        )


def _check_host(request: web.Request, bound: Sequence[tuple[str, int]]) -> None:
    """Raise Trouble for a name that a stranger's page may have. Any port will do: a tunnel has another."""
    host, port = bound[0]
    names = {*_LOCAL_NAMES, *(_in_url(address) for address, _ in bound)}
    if _PORT.sub("", request.headers.get("Host", "").lower()) not in names:
        raise Trouble(
            HTTPStatus.MISDIRECTED_REQUEST,
            "this daemon listens on loopback, and was asked for by another name",
            f"ask for {_in_url(host)}:{port}; a proxy in front has to send that as Host",
        )


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _check_token(request: web.Request, opens: Callable[[str], bool]) -> None:
    token = _token(request.headers.get("Authorization", ""))
    if token is None or not opens(token):
        raise Trouble(
            HTTPStatus.UNAUTHORIZED,
            "the token is missing" if token is None else "this is not the token",
            "send it as `Authorization: Bearer TOKEN`; in a browser, as the password of any user",
            headers={"WWW-Authenticate": _CHALLENGE},
        )


def _token(authorization: str) -> str | None:
    """Give the token that a header carries, if it carries one."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        pair = base64.b64decode(value.strip(), validate=True).decode()
    except ValueError:
        return None
    return pair.partition(":")[2] or None
