"""The tree of a document that was not read to its end -> what of it can be checked.

The line that is wrong may stand above the one where the parser noticed. So nothing counts that starts
at the last key before the error, or behind it. Of a list or mapping that ends there it counts what is
in it, never what it lacks; nor what it is, where the error itself ended it.
"""

from itertools import zip_longest
from typing import Final

from reconciler.source.composer import Unfinished
from reconciler.source.node import Extent, MappingNode, Node, ScalarNode, SequenceNode
from reconciler.source.syntax import Mistake

_CLOSED: Final = 0
"""Of a node at the edge of what was read: the error itself, or what led to it, closed it."""

_FOLLOWED: Final = -1


def first_suspect_line(unfinished: Unfinished, mistake: Mistake) -> int:
    """Give the line from which on nothing that was read can be trusted."""
    lines = [mistake.since]
    if unfinished.root is not None:
        lines.append(_last_key_line(unfinished.root) or unfinished.root.line)
    if unfinished.flow_line is not None:
        lines.append(unfinished.flow_line)
    return min(lines)


def above(unfinished: Unfinished, line: int) -> Node | None:
    """Give the part of the tree above a line, or None where there is none."""
    root = unfinished.root
    if root is None or root.line >= line:
        return None
    return _cut_last(_above(root, line, unfinished.opened), ("spec", "messages"))


def loosened(root: Node) -> Node:
    """Give a tree whose outer mappings, the document's own and those in it, may hold more than is known.

    YAML does not mind a key that moved from one of them to another.
    """
    if not isinstance(root, MappingNode):
        return root
    root = _loosened(root)
    values = {k: _loosened(v) if isinstance(v, MappingNode) else v for k, v in root.values.items()}
    return root._replace(values=values)


def _last_key_line(node: Node) -> int | None:
    """Give where the last key stands, or the last item among mappings: what is below may have moved."""
    match node:
        case SequenceNode(items=[*others, last]):
            among = any(isinstance(other, MappingNode) for other in others)
            return _last_key_line(last) or (last.line if among else None)
        case MappingNode(keys=[*_, key], values=values) if values:
            return max(key.line, _last_key_line(next(reversed(values.values()))) or 0)
        case _:
            return None


def _above(node: Node, line: int, opened: int) -> Node:
    """Give the part above `line` of a node that starts above it and may go on below.

    `opened` is how many open nodes were read last, counted from this one inwards.
    """
    extent = Extent.DOUBTFUL if opened == _CLOSED else Extent.CUT
    match node:
        case ScalarNode():
            return node
        case SequenceNode(items=items):
            kept = [item for item in items if item.line < line]
            if kept:
                inwards = _inwards(opened, last=len(kept) == len(items))
                kept[-1] = _above(kept[-1], line, inwards or _FOLLOWED)  # its dash says that it belongs here
            return node._replace(items=_mappings(kept), extent=extent)
        case MappingNode(values=values):
            known = {key: value for key, value in values.items() if value.line < line}
            if known:
                name, value = known.popitem()
                if type(value) is not ScalarNode or value.text:  # the text of a block may be what is wrong
                    known[name] = _above(value, line, _inwards(opened, last=name == next(reversed(values))))
            return _reduced(node, known, extent)


def _inwards(opened: int, *, last: bool) -> int:
    return opened - 1 if last and opened > _CLOSED else _FOLLOWED


def _loosened(node: MappingNode) -> MappingNode:
    extent = Extent.CUT if node.extent is Extent.WHOLE else node.extent
    return _reduced(node, {key: value for key, value in node.values.items() if not _left_out(value)}, extent)


def _cut_last(node: Node, path: tuple[str, ...]) -> Node:
    """Mark the last item of the list at `path`: what follows may be a part of it that moved."""
    match node:
        case MappingNode(values=values) if path and path[0] in values:
            return node._replace(values={**values, path[0]: _cut_last(values[path[0]], path[1:])})
        case SequenceNode(items=[*others, MappingNode(extent=Extent.WHOLE) as last]) if not path:
            return node._replace(items=[*others, last._replace(extent=Extent.CUT)])
        case _:
            return node


def _mappings(items: list[Node]) -> list[Node]:
    """Give the items that are mappings. What stands before another kind of item may have lost that to it."""
    return [
        item if behind is None or isinstance(behind, MappingNode) else _loosened(item)
        for item, behind in zip_longest(items, items[1:])
        if isinstance(item, MappingNode)
    ]


def _left_out(value: Node) -> bool:
    """Tell whether nothing stands behind a key: what belongs there may be what the mistake took away."""
    return type(value) is ScalarNode and value.plain and not value.text


def _reduced(node: MappingNode, values: dict[str, Node], extent: Extent) -> MappingNode:
    return node._replace(keys=[key for key in node.keys if key.text in values], values=values, extent=extent)
