"""Nodes -> users and marks: who acts, whom `true` stands for, and whether the credential may."""

import re
from typing import Final, NamedTuple

from reconciler.core.acting import Acting
from reconciler.core.manifest import DeclaredUsers
from reconciler.core.message import UserId
from reconciler.source.diagnostics import Diagnostics, name_value
from reconciler.source.node import Node, ScalarNode, SequenceNode
from reconciler.source.values import read_scalar

_DIGITS: Final = re.compile(r"[0-9]+")
_WRITE_USER: Final = "write a user's id in digits, like 96753878"
_WRITE_MARK: Final = "write true, or a list of users like [123, 456]"
_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "no", "off", "n"})


class Actor(NamedTuple):
    """Who acts in some place. Not `known`: an `actAs` says who, but was refused or could not be read."""

    user: UserId | None
    known: bool = True


class UserReader:
    """Reads the users of one document."""

    __slots__ = ("_acting", "_found", "_known")

    def __init__(self, acting: Acting, found: Diagnostics) -> None:
        self._acting = acting
        self._found = found
        self._known: dict[str, UserId] = {}

    def read_actor(self, node: Node | None, otherwise: Actor) -> Actor:
        """Give who acts where `actAs` says so, or `otherwise` where there is none."""
        if node is None:
            return otherwise
        user = self.read_user(node, "actAs")
        return Actor(user, known=user is not None)

    def who_acts(self, actor: Actor, node: Node, what: str) -> UserId | None:
        """Give the user who must be known for `what` in `node`."""
        if actor.user is None:
            if actor.known:
                todo = "add `actAs:` to the message or the dialog, or set RECONCILER_ACT_AS"
                self._found.add(node, f"nobody is named {what}", todo)
            return None
        return actor.user if self._may_act(actor.user, node) else None

    def read_mark(self, node: Node, key: str, actor: Actor) -> DeclaredUsers | None:
        """Give who must have a mark: the users of a list, or for `true` the one who acts."""
        if type(node) is SequenceNode:
            users = self._read_users(node, key)
        elif type(node) is ScalarNode and node.plain and node.text in _TRUE:
            user = self.who_acts(actor, node, f"for whom {key} is true")
            users = () if user is None else (user,)
        else:
            self._refuse_mark(node, key)
            return None
        return DeclaredUsers(users=users, origin=self._found.origin(node)) if users else None

    def read_user(self, node: Node, key: str) -> UserId | None:
        """Give one user."""
        if type(node) is ScalarNode and (known := self._known.get(node.text)) is not None:
            return known
        scalar = read_scalar(node, key, _WRITE_USER, self._found)
        if scalar is None:
            return None
        user = self._parse_user(scalar, key)
        if user is None or not self._may_act(user, scalar):
            return None
        self._known[scalar.text] = user
        return user

    def _parse_user(self, scalar: ScalarNode, key: str) -> UserId | None:
        what = name_value(key, scalar.text)
        if _DIGITS.fullmatch(scalar.text) is None:
            self._found.add(scalar, f"{what} is not a user id", _WRITE_USER)
        elif scalar.text.startswith("0"):
            self._found.add(scalar, f"{what} starts with 0", "write the id as the service does")
        else:
            try:
                return UserId(int(scalar.text))
            except ValueError:
                self._found.add(scalar, f"{what} is too large for a user id", "copy the id anew")
        return None

    def _read_users(self, node: SequenceNode, key: str) -> tuple[UserId, ...]:
        if not node.items:
            self._found.add(node, f"{key} is an empty list", "name a user, or remove the line")
        users: dict[UserId, None] = {}
        for item in node.items:
            user = self.read_user(item, "user")
            if user in users:
                self._found.add(item, f"{key} names user {user} twice", "keep one of them")
            elif user is not None:
                users[user] = None
        return tuple(users)

    def _refuse_mark(self, node: Node, key: str) -> None:
        scalar = read_scalar(node, key, _WRITE_MARK, self._found)
        if scalar is None:
            return
        if not scalar.plain:
            self._found.add(
                scalar, f"{key} is a text", "write true without quotes, or a list like [123, 456]"
            )
        elif scalar.text.lower() in _FALSE:
            what = f'{key}: {scalar.text} can\'t be reached, the chat service has no "un{key}"'
            self._found.add(scalar, what, "remove the line")
        elif _DIGITS.fullmatch(scalar.text):
            what = f"{name_value(key, scalar.text)} is neither true nor a list"
            self._found.add(scalar, what, f"write true, or [{scalar.text[:20]}] for that user")
        else:
            what = f"{name_value(key, scalar.text)} is neither true nor a list of users"
            self._found.add(scalar, what, _WRITE_MARK)

    def _may_act(self, user: UserId, node: Node) -> bool:
        only = self._acting.only
        if only is None or user == only:
            return True
        what = f"this credential acts only for user {only}, not for {user}"
        self._found.add(node, what, "leave that user to another credential, or use an API key")
        return False
