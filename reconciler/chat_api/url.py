"""The addresses of the chat service and of a proxy: nothing is hidden inside of them.

The chat service is called by https, or on a loopback host.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit

from reconciler.chat_api.errors import ApiUrlError, ProxyError

_PRINTABLE: Final = re.compile(r"[!-~]+")
_LABEL: Final = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME: Final = re.compile(rf"({_LABEL}\.)*(?![0-9]+\.?$)(?!0[xX]){_LABEL}\.?")
_PATH: Final = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*/?")
_EXAMPLE: Final = "write it like https://api.quickblox.com"
_PROXY_EXAMPLE: Final = "write it like http://proxy.example.com:3128"


@dataclass(frozen=True, slots=True)
class ApiUrl:
    """A checked address; `base` and `path`, its part after the host, have no slash at the end.

    Made by `parse`.
    """

    base: str
    path: str

    @classmethod
    def parse(cls, text: str, *, setting: str = "RECONCILER_API_URL") -> Self:
        """Check an address as a person wrote it.

        Raises ApiUrlError, which never shows the address: a refused one may hold a password.
        """
        found = _flaw(text)
        if found is not None:
            what, todo = found
            raise ApiUrlError(setting=setting, what=what, todo=todo)
        base = text.rstrip("/")
        return cls(base, urlsplit(base).path)

    @property
    def secure(self) -> bool:
        """Say whether calls are encrypted."""
        return urlsplit(self.base).scheme == "https"

    @property
    def loopback(self) -> bool:
        """Say whether calls stay on this machine."""
        return _is_loopback(urlsplit(self.base).hostname or "")

    def join(self, path: str) -> str:
        """Give the whole address of `path`, which begins with a slash; nothing is escaped."""
        return self.base + path

    def target(self, path: str) -> bytes:
        """Give the path of that address, as a request names it."""
        return (self.path + path).encode()

    def __str__(self) -> str:
        """Give the address; `parse` let nothing secret in."""
        return self.base


@dataclass(frozen=True, slots=True)
class ProxyUrl:
    """A checked address of an HTTP proxy: scheme, host and port. Made by `parse`."""

    base: str

    @classmethod
    def parse(cls, text: str, *, setting: str = "RECONCILER_PROXY") -> Self:
        """Check an address as a person wrote it.

        Raises ProxyError, which never shows the address: a refused one may hold a password.
        """
        found = _proxy_flaw(text)
        if found is not None:
            what, todo = found
            raise ProxyError(setting=setting, what=what, todo=todo)
        return cls(text.rstrip("/"))


def _flaw(text: str) -> tuple[str, str] | None:
    """Give what is wrong with an address and what to do, if anything is."""
    parts = _split(text)
    if parts is None:
        return "has a host or a port that cannot be read", _EXAMPLE
    if "@" in parts.netloc:
        return "holds a user name or a password", "keep secrets in RECONCILER_API_KEY_FILE; " + _EXAMPLE
    return (
        _text_flaw(text, _EXAMPLE)
        or _scheme_flaw(parts, _EXAMPLE)
        or _encryption_flaw(parts)
        or _host_flaw(parts, _EXAMPLE)
        or _path_flaw(parts)
    )


def _proxy_flaw(text: str) -> tuple[str, str] | None:
    """Give what is wrong with a proxy's address and what to do, if anything is."""
    parts = _split(text)
    if parts is None:
        return "has a host or a port that cannot be read", _PROXY_EXAMPLE
    if "@" in parts.netloc:
        return "holds a user name or a password", "keep them in RECONCILER_PROXY_AUTH_FILE; " + _PROXY_EXAMPLE
    path = ("has a path", f"end it after the port; {_PROXY_EXAMPLE}") if parts.path.strip("/") else None
    return (
        _text_flaw(text, _PROXY_EXAMPLE)
        or _scheme_flaw(parts, _PROXY_EXAMPLE)
        or _host_flaw(parts, _PROXY_EXAMPLE)
        or path
    )


def _split(text: str) -> SplitResult | None:
    """Give the parts of an address; None where its port is no number."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _text_flaw(text: str, example: str) -> tuple[str, str] | None:
    if not text:
        return "is empty", example
    if _PRINTABLE.fullmatch(text) is None:
        return (
            "holds a space, a control character or one outside ASCII",
            "write host names in ASCII (xn--...)",
        )
    if "?" in text or "#" in text:
        return "has a query or a fragment", f"end it before that; {example}"
    return None


def _scheme_flaw(parts: SplitResult, example: str) -> tuple[str, str] | None:
    if parts.scheme not in {"https", "http"} or not parts.netloc:
        return "is not a web address", example
    if parts.port == 0 or parts.netloc.endswith(":"):
        return "has a port that nothing can listen on", "name a port from 1 to 65535, or none"
    return None


def _encryption_flaw(parts: SplitResult) -> tuple[str, str] | None:
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        return "would send the credential unencrypted", "use https; http is for loopback hosts only"
    return None


def _host_flaw(parts: SplitResult, example: str) -> tuple[str, str] | None:
    host = parts.hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        fine = _HOST_NAME.fullmatch(host) is not None
    else:
        fine = not (isinstance(address, IPv6Address) and address.scope_id)
    return None if fine else ("has a host that cannot be read", example)


def _path_flaw(parts: SplitResult) -> tuple[str, str] | None:
    if _PATH.fullmatch(parts.path) is None:
        return (
            "has a path that cannot be used as it stands",
            "use letters, digits and . _ ~ - between slashes",
        )
    return None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
