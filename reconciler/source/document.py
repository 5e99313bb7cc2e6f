"""One YAML document -> one manifest, or a problem for each reason why it cannot be one."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar

from reconciler.core.acting import Acting
from reconciler.core.manifest import (
    BrokenManifest,
    DeclaredMessage,
    DeclaredText,
    DeclaredUsers,
    Manifest,
    Suspend,
)
from reconciler.core.message import DialogId
from reconciler.core.problem import Origin
from reconciler.source import keys
from reconciler.source.diagnostics import Diagnostics, quote
from reconciler.source.fields import read_fields
from reconciler.source.node import Extent, MappingNode, Node, SequenceNode
from reconciler.source.users import Actor, UserReader
from reconciler.source.values import (
    check_line,
    read_constant,
    read_dialog_id,
    read_interval,
    read_line,
    read_message_id,
    read_moment,
    read_name,
    read_scalar,
    read_text,
)

_T = TypeVar("_T")
_NOTHING: Mapping[str, Node] = MappingProxyType({})


def break_document(roots: Iterable[Node], origin: Origin) -> BrokenManifest:
    """Give what a document says of itself that cannot be used: its names, where they are valid.

    `roots` are what could be read of it; the first one tells where it starts, or else `origin`.
    """
    aside = Diagnostics(origin.path)
    name: str | None = None
    dialog: DialogId | None = None
    for root in reversed(tuple(roots)):
        top = root.values if isinstance(root, MappingNode) else _NOTHING
        metadata, spec = (
            node.values if isinstance(node := top.get(key), MappingNode) else _NOTHING
            for key in ("metadata", "spec")
        )
        name = _optional(metadata, "name", read_name, aside) or name
        dialog = _optional(spec, "dialogId", read_dialog_id, aside) or dialog
        origin = aside.origin(root)
    return BrokenManifest(name=name, dialog=dialog, origin=origin)


class DocumentReader:
    """Reads one document. `longest` is of a text, in characters."""

    def __init__(self, *, acting: Acting, longest: int, found: Diagnostics) -> None:
        self._longest = longest
        self._found = found
        self._users = UserReader(acting, found)
        self._default = Actor(acting.default)
        self._of_dialog = Actor(None, known=False)
        self._source = ""
        self._lines: dict[str, int] = {}

    def read(self, root: Node, source: str, digest: bytes) -> Manifest | None:
        """Give the manifest, or None after a problem. `source` is the text that its scalars end in.

        Of a document that could not be read to its end, the parts are to be read one by one.
        """
        found = self._found
        self._source = source
        top = read_fields(root, "the manifest", keys.MANIFEST, found) or _NOTHING
        for key, only in (("apiVersion", keys.API_VERSION), ("kind", keys.DIALOG_KIND)):
            if key in top:
                read_constant(top[key], key, only, found)
        metadata = self._below(top, "metadata", keys.METADATA)
        spec = self._below(top, "spec", keys.SPEC)
        suspend = self._below(spec, "suspend", keys.SUSPEND)
        actor = self._dialog_actor(top.get("spec"), spec)
        name = _optional(metadata, "name", read_name, found)
        labels = _optional(metadata, "labels", _read_labels, found)
        dialog = _optional(spec, "dialogId", read_dialog_id, found)
        read = self._mark(spec, "read", actor)
        delivered = self._mark(spec, "delivered", actor)
        interval = _optional(spec, "interval", read_interval, found)
        requested_at = _optional(spec, "requestedAt", read_line, found)
        reason = _optional(suspend, "reason", read_line, found)
        until = _optional(suspend, "until", read_moment, found)
        messages = self._messages(spec["messages"], actor) if "messages" in spec else ()
        if found.problems or name is None or dialog is None:
            return None
        return Manifest(
            name=name,
            dialog=dialog,
            origin=found.origin(root),
            digest=digest,
            labels=MappingProxyType(labels or {}),
            read=read,
            delivered=delivered,
            interval=interval,
            requested_at=requested_at,
            suspend=None if reason is None or until is None else Suspend(reason=reason, until=until),
            messages=messages,
        )

    def _below(self, fields: Mapping[str, Node], key: str, shape: keys.Shape) -> Mapping[str, Node]:
        node = fields.get(key)
        return _NOTHING if node is None else read_fields(node, key, shape, self._found) or _NOTHING

    def _dialog_actor(self, node: Node | None, spec: Mapping[str, Node]) -> Actor:
        whole = node is not None and node.extent is Extent.WHOLE
        self._of_dialog = self._users.read_actor(
            spec.get("actAs"), self._default if whole else self._of_dialog
        )
        return self._of_dialog

    def _mark(self, fields: Mapping[str, Node], key: str, actor: Actor) -> DeclaredUsers | None:
        node = fields.get(key)
        return None if node is None else self._users.read_mark(node, key, actor)

    def _messages(self, node: Node, actor: Actor) -> tuple[DeclaredMessage, ...]:
        if type(node) is not SequenceNode:
            self._found.add(
                node, "messages is not a list", "start each message with `- id:`, or remove the line"
            )
            return ()
        messages: list[DeclaredMessage] = []
        for item in node.items:
            message = self._message(item, actor)
            if message is None:
                continue
            value = message.id.value
            if value in self._lines:
                what = f"message {value} stands twice, first in line {self._lines[value]}"
                self._found.add_at(item.line, item.column, what, "make one of the two")
            else:
                self._lines[value] = item.line
                messages.append(message)
        return tuple(messages)

    def _message(self, node: Node, dialog_actor: Actor) -> DeclaredMessage | None:
        found = self._found
        fields = read_fields(node, "the message", keys.MESSAGE, found)
        if fields is None:
            return None
        otherwise = dialog_actor if node.extent is Extent.WHOLE else Actor(None, known=False)
        actor = self._users.read_actor(fields.get("actAs"), otherwise)
        text = self._text(fields["text"], actor) if "text" in fields else None
        read = self._mark(fields, "read", actor)
        delivered = self._mark(fields, "delivered", actor)
        if "id" not in fields or (id_ := read_message_id(fields["id"], "id", found)) is None:
            return None
        return DeclaredMessage(id=id_, origin=found.origin(node), text=text, read=read, delivered=delivered)

    def _text(self, node: Node, actor: Actor) -> DeclaredText | None:
        text = read_text(node, "text", self._source, self._longest, self._found)
        author = self._users.who_acts(actor, node, "as the author of this text")
        if text is None or author is None:
            return None
        return DeclaredText(text=text, actor=author, origin=self._found.origin(node))


def _optional(
    fields: Mapping[str, Node],
    key: str,
    read: Callable[[Node, str, Diagnostics], _T | None],
    found: Diagnostics,
) -> _T | None:
    node = fields.get(key)
    return None if node is None else read(node, key, found)


def _read_labels(node: Node, key: str, found: Diagnostics) -> Mapping[str, str] | None:
    if type(node) is not MappingNode:
        found.add(node, f"{key} is not a mapping", "write it like {team: support}, or remove the line")
        return None
    for label in node.keys:
        if label.null or not label.text:
            found.add(label, "a label without a name", "name it, like {team: support}")
        else:
            check_line(label, "the name of a label", found)
    labels: dict[str, str] = {}
    for name, value in node.values.items():
        what = f"label {quote(name)}"
        scalar = read_scalar(value, what, "write a few words, or '' for none", found)
        if scalar is not None and check_line(scalar, what, found):
            labels[name] = scalar.text
    return labels
