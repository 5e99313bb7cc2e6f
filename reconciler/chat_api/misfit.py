"""Why a session cannot be used, going by whose it is. Pure."""

from typing import Final

from reconciler.chat_api.credentials import OwnSession, UserToken
from reconciler.chat_api.errors import CredentialError
from reconciler.core.message import UserId

_USER: Final = "RECONCILER_ACT_AS"


def misfit(
    credential: OwnSession | UserToken, user: UserId | None, expected: UserId | None
) -> CredentialError | None:
    """Give why the session of `user` cannot be used where `expected` is to act, if that is so.

    A session of nobody is an application's. Where nobody is expected, any user will do.
    """
    if user is None:
        return _of_an_application(credential)
    if expected is None or user == expected:
        return None
    given = "the login" if isinstance(credential, OwnSession) else "a token"
    return CredentialError(
        setting=_USER,
        what=f"the session is of user {user}, and user {expected} is to act",
        todo=f"set it to {user}, or give {given} of user {expected}",
    )


def of_nobody_knows_whom(status: int) -> CredentialError:
    """Give why a token cannot be used of which the service does not tell whose it is."""
    return CredentialError(
        setting=_USER,
        what=f"is not set, and the chat service does not tell whose the token is: it answered {status}",
        todo="set it to the user whose token it is",
    )


def _of_an_application(credential: OwnSession | UserToken) -> CredentialError:
    match credential:
        case OwnSession():
            return CredentialError(
                setting="RECONCILER_LOGIN",
                what="the service made an application session, which can only read",
                todo="give the login and the password of a user of that application",
            )
        case UserToken(setting=setting):
            return CredentialError(
                setting=setting,
                what="is the token of an application session, which can only read",
                todo="give the token of a user's session",
            )
