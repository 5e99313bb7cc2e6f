"""A mapping node -> its fields: known keys only, and all that must stand there."""

import difflib
from collections.abc import Mapping

from reconciler.source.diagnostics import Diagnostics, quote
from reconciler.source.keys import Key, Shape
from reconciler.source.node import Extent, MappingNode, Node, ScalarNode


def read_fields(node: Node, name: str, shape: Shape, found: Diagnostics) -> Mapping[str, Node] | None:
    """Give the values of a mapping by key; None where `node` is not one, or the one of something else.

    `name` is what to call it.
    """
    if type(node) is not MappingNode:
        _refuse(node, name, shape, found)
        return None
    fields = node.values
    if node.extent is Extent.DOUBTFUL and not shape.names.issuperset(fields):
        return None
    if not shape.names.issuperset(fields):
        _unknown(node, shape, found)
    for key in shape.required:
        if key.name not in fields:
            found.add(node, f"{name} lacks {key.name}", f"add it, like `{key.name}: {key.example}`")
    for key in shape.dependent:
        if key.name in fields and key.needs.isdisjoint(fields) and node.extent is Extent.WHOLE:
            what = f"{key.name} has nothing to work on without {_either(key.needs, shape)}"
            found.add(fields[key.name], what, "add one of them for the whole dialog, or remove the line")
    if shape.any_of and shape.any_of.isdisjoint(fields):
        found.add(node, f"{name} declares nothing", f"add {_either(shape.any_of, shape)}, or remove it")
    return fields


def _refuse(node: Node, name: str, shape: Shape, found: Diagnostics) -> None:
    if type(node) is ScalarNode and node.null:
        what = f"{name} has no value"
    else:
        what = f"{name} is {'one value' if type(node) is ScalarNode else 'a list'}, not keys with values"
    found.add(node, what, f"write its keys, at least {_listed(shape.required)}")


def _unknown(node: MappingNode, shape: Shape, found: Diagnostics) -> None:
    for key in node.keys:
        if key.text not in shape.names:
            near = difflib.get_close_matches(key.text[:40], shape.names, n=1)
            todo = f'did you mean "{near[0]}"?' if near else f"known here: {_listed(shape.keys)}"
            found.add(key, f"unknown key {quote(key.text)}", todo)


def _listed(keys: tuple[Key, ...]) -> str:
    return ", ".join(key.name for key in keys)


def _either(names: frozenset[str], shape: Shape) -> str:
    *others, last = (key.name for key in shape.keys if key.name in names)
    return f"{', '.join(others)} or {last}"
