"""A seed file: JSON in the service's own field names, so that a dump of the state is a seed again."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from reconciler.sandbox.json_object import (
    A_COUNT,
    A_POSITIVE_COUNT,
    A_USER,
    AN_ID,
    AN_OBJECT,
    ANY_TEXT,
    ANYTHING,
    WORDS,
    JsonObject,
    Kind,
    SandboxInputError,
    list_of,
    parse_json,
)
from reconciler.sandbox.seed import Application, Credentials, DialogType, Login, Seed, SeedDialog, SeedMessage

_MADE_BY_THE_SANDBOX: Final = ("created_at", "updated_at", "read")
"""Fields that a dump of the state shows and that no seed decides."""


def read_seed_file(path: Path) -> Seed:
    """Read a seed file. Raises OSError, or SandboxInputError whose problems name file and field."""
    try:
        return parse_seed(path.read_bytes())
    except SandboxInputError as error:
        raise SandboxInputError([f"{path}: {problem}" for problem in error.problems]) from error


def parse_seed(document: str | bytes) -> Seed:
    """Give the seed that a JSON document describes. Raises SandboxInputError with all its problems."""
    problems: list[str] = []
    root = JsonObject(parse_json(document), "", problems)
    seed = Seed(
        dialogs=tuple(_dialog(each) for each in root.objects("dialogs")),
        messages=tuple(_message(each) for each in root.objects("messages")),
        credentials=_credentials(root.nested("credentials")),
    )
    root.refuse_rest()
    if problems:
        raise SandboxInputError(problems)
    return seed


def _dialog(each: JsonObject) -> SeedDialog:
    dialog = SeedDialog(
        id=each.require("_id", AN_ID, ""),
        type=each.take("type", _DIALOG_TYPE, DialogType.GROUP),
        name=each.take("name", ANY_TEXT, ""),
        owner=each.take("user_id", A_USER, None),
        occupants=each.take("occupants_ids", list_of(A_USER), ()),
    )
    each.refuse_rest()
    return dialog


def _message(each: JsonObject) -> SeedMessage:
    message = SeedMessage(
        id=each.require("_id", AN_ID, ""),
        dialog=each.require("chat_dialog_id", AN_ID, ""),
        sender=each.require("sender_id", A_USER, 0),
        text=each.take("message", ANY_TEXT, None),
        date_sent=each.take("date_sent", _DATE, None),
        recipient=each.take("recipient_id", A_COUNT, 0),
        read=each.take("read_ids", list_of(A_USER), ()),
        delivered=each.take("delivered_ids", list_of(A_USER), ()),
        attachments=each.take("attachments", list_of(AN_OBJECT), ()),
    )
    for name in _MADE_BY_THE_SANDBOX:
        each.take(name, ANYTHING, None)
    each.refuse_misspelt()
    return replace(message, custom=each.rest())


def _credentials(each: JsonObject) -> Credentials:
    credentials = Credentials(
        api_keys=each.take("api_keys", list_of(WORDS), ()),
        tokens=each.take("tokens", _TOKENS, {}),
        application_tokens=each.take("application_tokens", list_of(WORDS), ()),
        applications=tuple(_application(one) for one in each.objects("applications")),
        logins=tuple(_login(one) for one in each.objects("logins")),
    )
    each.refuse_rest()
    return credentials


def _application(each: JsonObject) -> Application:
    application = Application(
        id=each.require("id", A_POSITIVE_COUNT, 0),
        auth_key=each.require("auth_key", WORDS, ""),
        auth_secret=each.require("auth_secret", WORDS, ""),
    )
    each.refuse_rest()
    return application


def _login(each: JsonObject) -> Login:
    login = Login(
        user=each.require("user_id", A_USER, 0),
        password=each.require("password", WORDS, ""),
        login=each.take("login", WORDS, None),
        email=each.take("email", WORDS, None),
    )
    if login.login is None and login.email is None:
        each.problem("login", "is missing; give a login or an email")
    each.refuse_rest()
    return login


def _dialog_type(value: object) -> DialogType | None:
    return DialogType(value) if type(value) is int and value in list(DialogType) else None


def _tokens(value: object) -> dict[str, int] | None:
    if not isinstance(value, dict):
        return None
    tokens = {token: user for token, given in value.items() if (user := A_USER.read(given)) is not None}
    return tokens if len(tokens) == len(value) else None


_DIALOG_TYPE: Final = Kind("1 (public), 2 (group) or 3 (private)", _dialog_type)
_TOKENS: Final = Kind("an object of tokens, each with its user's id", _tokens)
_DATE: Final = Kind("a unix time in whole seconds", A_COUNT.read)
