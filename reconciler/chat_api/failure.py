"""Why there is no answer, in words of ours: libraries' own may quote headers, and so secrets."""

import os

import aiohttp
import httpx

from reconciler.core.outcome import Unanswered

NETWORK_ERRORS = (httpx.HTTPError, aiohttp.ClientError, OSError)
"""All that a call may raise because of the network or the service."""


def unanswered(error: Exception) -> Unanswered:
    """Give what an error of `NETWORK_ERRORS`, raised before the response's headers, means."""
    cause = error.__cause__ if isinstance(error, httpx.HTTPError) else error
    match cause:
        case aiohttp.ClientConnectorDNSError():
            words = "the host name of RECONCILER_API_URL could not be resolved"
        case aiohttp.ClientConnectorCertificateError(certificate_error=reason):
            words = f"TLS: certificate refused: {getattr(reason, 'verify_message', 'unknown reason')}"
        case aiohttp.ClientConnectorSSLError():
            words = "TLS: no secure connection could be agreed on"
        case aiohttp.ClientProxyConnectionError(os_error=reason):
            words = f"no connection to the proxy: {_system_words(reason)}"
        case aiohttp.ClientHttpProxyError(status=status):
            words = f"the proxy gave no way through: {status}"
        case aiohttp.ClientConnectorError(os_error=reason):
            words = f"no connection: {_system_words(reason)}"
        case aiohttp.ConnectionTimeoutError():
            words = "no connection in time"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            words = "no usable connection: closed by the other side, or talking before it was asked"
        case aiohttp.ClientResponseError():
            return Unanswered(words="what came back is not HTTP", sent=True)
        case _:
            return Unanswered(words="the connection was lost before an answer came", sent=True)
    return Unanswered(words=words, sent=False)


def _system_words(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else "broken off"
