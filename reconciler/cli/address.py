"""The address of metrics and probes: what the daemon binds and `health` asks."""

import re
from typing import Final

from reconciler.settings import SettingsError

_HOST: Final = re.compile(r"\[[0-9A-Fa-f:.%a-z]+\]|(?!.{254})[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_LARGEST_PORT: Final = 65_535


def parse_address(listen: str) -> tuple[str, int]:
    """Give host and port of `HOST:PORT`, an IPv6 host without its brackets. Raises SettingsError."""
    host, _, port = listen.rpartition(":")
    if not (_HOST.fullmatch(host) and _PORT.fullmatch(port) and int(port) <= _LARGEST_PORT):
        msg = f"RECONCILER_LISTEN or --listen: {listen!r} is no address; write it like 127.0.0.1:9464"
        raise SettingsError(msg)
    return host.strip("[]"), int(port)
