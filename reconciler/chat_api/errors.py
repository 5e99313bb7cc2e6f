"""What nobody can send through: settings that cannot be used, and calls that must not be made."""

from reconciler.core.failure import Failure


class CallRefused(Exception):  # noqa: N818  # its kinds say what happened
    """A call was refused before it was sent: it would do what its caller may not."""

    def __init__(self) -> None:
        super().__init__(type(self).__doc__)


class WriteRefused(CallRefused):
    """A write was refused: this client was opened to read only, and nothing was sent."""


class NoSession(CallRefused):
    """A call was refused: there is no session for it that is known to be of use; nothing was sent."""


class WrongActor(CallRefused):
    """A call was refused: a user session token acts for its own user only, and nothing was sent."""


class SettingError(Failure):
    """A setting of the chat API cannot be used.

    Names the setting and never its value, which may be a secret or hold one.
    """

    def __init__(self, *, setting: str, what: str, todo: str) -> None:
        super().__init__(f"{setting}: {what}; {todo}")
        self.setting = setting
        self.what = what
        self.todo = todo


class ApiUrlError(SettingError):
    """The address of the chat service cannot be used."""


class ProxyError(SettingError):
    """The proxy cannot be used."""


class CredentialError(SettingError):
    """The credential for the chat service cannot be used."""


class TrustError(SettingError):
    """The file of certificate authorities cannot be used."""
